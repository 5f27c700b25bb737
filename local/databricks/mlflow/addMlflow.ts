import type { Router } from '../../kit/router.ts';
import type { AddRoute } from '../routes.ts';
import type { Workspace } from '../workspace.ts';
import { addArtifactRoutes } from './artifactRoutes.ts';
import { addCatalogModelRoutes } from './catalogModelRoutes.ts';
import { addExperimentPages } from './experimentPages.ts';
import { addExperimentRoutes } from './experimentRoutes.ts';
import { Experiments } from './experiments.ts';
import { addFilesRoutes } from '../storage/filesApi.ts';
import { addModelPages } from './modelPages.ts';
import { addRunRoutes } from './runRoutes.ts';
import { Runs } from './runs.ts';
import { openStorage } from '../storage/openStorage.ts';
import type { StoredFiles } from '../storage/storedFiles.ts';
import { addVolumeRoutes } from '../storage/volumeRoutes.ts';
import { addStorageRoutes } from '../storage/storageRoutes.ts';
import { UnityModels } from './unityModels.ts';
import { addUnityRegistryRoutes } from './unityRegistryRoutes.ts';
import { WorkspaceModels } from './workspaceModels.ts';
import { addWorkspaceRegistryRoutes } from './workspaceRegistryRoutes.ts';

/** MLflow in a workspace: tracking, both model registries, their files and pages. Gives what Unity Catalog holds of it. */
export function addMlflow(
  on: AddRoute,
  router: Router,
  workspace: Workspace,
): { models: UnityModels; storage: StoredFiles } {
  const storage = openStorage(workspace);
  const experiments = new Experiments(workspace);
  const runs = new Runs(workspace, experiments);
  const workspaceModels = new WorkspaceModels(workspace, storage);
  const unityModels = new UnityModels(workspace, storage);
  addExperimentRoutes(on, experiments);
  addRunRoutes(on, experiments, runs);
  addArtifactRoutes(on, workspace, runs, storage);
  addWorkspaceRegistryRoutes(on, workspace, workspaceModels, storage);
  addUnityRegistryRoutes(on, workspace, unityModels, runs);
  addCatalogModelRoutes(on, unityModels);
  addFilesRoutes(on, workspace, unityModels, storage);
  addVolumeRoutes(on, workspace, storage);
  addStorageRoutes(router, workspace, storage);
  addExperimentPages(router, experiments, runs, storage);
  addModelPages(router, unityModels, workspaceModels, runs, storage);
  return { models: unityModels, storage };
}
