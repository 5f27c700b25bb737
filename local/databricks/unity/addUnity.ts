import type { Router } from '../../kit/router.ts';
import type { UnityModels } from '../mlflow/unityModels.ts';
import type { AddRoute } from '../routes.ts';
import type { StoredFiles } from '../storage/storedFiles.ts';
import type { Workspace } from '../workspace.ts';
import { CatalogTree } from './catalogTree.ts';
import { addMetastoreRoutes, metastoreIdOf } from './metastoreRoutes.ts';
import { addPlaceRoutes } from './placeRoutes.ts';
import { SchemaContents } from './schemaContents.ts';
import { addTablePages } from './tablePages.ts';
import { addTableReads, addTableRoutes } from './tableRoutes.ts';

const base = '/api/2.1/unity-catalog';

/** Unity Catalog of a workspace: its API for what Spark has made, and its pages. */
export function addUnity(
  on: AddRoute,
  router: Router,
  workspace: Workspace,
  { models, storage }: { models: UnityModels; storage: StoredFiles },
): void {
  const tree = new CatalogTree(workspace);
  const contents = new SchemaContents(tree, models, storage);
  const metastoreId = metastoreIdOf(workspace);
  addMetastoreRoutes(on, base, workspace);
  addPlaceRoutes(on, base, tree, contents, metastoreId);
  addTableRoutes(on, base, tree, metastoreId);
  // MLflow asks here for the tables that a run reads (mlflow.data, DeltaDatasetSource).
  addTableReads(on, '/api/2.0/unity-catalog', tree, metastoreId);
  addTablePages(router, tree, contents);
}
