import type { Router } from '../../kit/router.ts';
import type { AddRoute } from '../routes.ts';
import type { Workspace } from '../workspace.ts';
import { CatalogTree } from './catalogTree.ts';
import { addTablePages } from './tablePages.ts';
import { addUnityRoutes } from './unityRoutes.ts';

/** Unity Catalog of a workspace: its API, and its pages. */
export function addUnity(on: AddRoute, router: Router, workspace: Workspace): void {
  const tree = new CatalogTree(workspace);
  addUnityRoutes(on, workspace, tree);
  addTablePages(router, tree);
}
