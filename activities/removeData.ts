import * as v from 'valibot';
import { anything, databricks, type DatabricksApi } from '../clients/databricks.ts';
import { DatabricksError, orUndefined } from '../clients/databricksFailure.ts';
import { ownerTag } from '../domain/ids.ts';
import type { Removed, RemoveInWorkspace } from '../domain/removal.ts';
import { isInUnityCatalog } from '../domain/results.ts';
import { seenData, type SeenData } from './seenData.ts';
import type { SeenModel } from './seenModels.ts';
import { owned, pathPart, unity } from './seenTables.ts';
import type { SeenExperiment } from './seenTracking.ts';

/** Deletes the results that carry the deployment's mark: tables, models, MLflow's runs and experiment, pictures. */
export async function removeData({ workspace, ...deployment }: RemoveInWorkspace): Promise<Removed> {
  const api = databricks(workspace);
  const seen = await seenData(api, deployment);
  const result: Removed = { removed: [], kept: [], warnings: seen.warnings };
  for (const schema of seen.schemas) await removeTables(api, schema, deployment.id, result);
  for (const model of seen.models) await removeModel(api, model, result);
  // The schema goes when nothing is left in it, and the experiments last: their runs tell whose a model is.
  for (const schema of seen.schemas) await removeSchema(api, schema, deployment.id, result);
  if (seen.pictures) {
    await orUndefined(api.post('/api/2.0/workspace/delete', { path: seen.pictures, recursive: true }, anything));
    result.removed.push({ kind: 'folder', name: seen.pictures });
  }
  for (const experiment of seen.experiments) await removeExperiment(api, experiment, result);
  return result;
}

type Schema = SeenData['schemas'][number];

async function removeTables(api: DatabricksApi, { own, others }: Schema, id: string, result: Removed): Promise<void> {
  for (const name of own) {
    const path = `${unity}/tables/${pathPart(name)}`;
    // Somebody else's notebooks may have replaced it since it was listed.
    const now = await orUndefined(api.get(path, {}, owned));
    if (now?.properties[ownerTag] !== id) continue;
    await orUndefined(api.delete(path));
    result.removed.push({ kind: 'table', name });
  }
  for (const { name, owner } of others)
    result.kept.push({ kind: 'table', name, why: `the deployment ${owner} wrote it last` });
}

async function removeModel(api: DatabricksApi, { name, versions, others }: SeenModel, result: Removed): Promise<void> {
  const isUnity = isInUnityCatalog(name);
  const query = `name=${encodeURIComponent(name)}`;
  if (others === 0) {
    const path = isUnity ? `${unity}/models/${pathPart(name)}` : `/api/2.0/mlflow/registered-models/delete?${query}`;
    await orUndefined(api.delete(path));
    result.removed.push({ kind: 'model', name });
    return;
  }
  for (const version of versions) {
    const path = isUnity
      ? `${unity}/models/${pathPart(name)}/versions/${version}`
      : `/api/2.0/mlflow/model-versions/delete?${query}&version=${version}`;
    await orUndefined(api.delete(path));
    result.removed.push({ kind: 'modelVersion', name: `${name} version ${version}` });
  }
  result.kept.push({ kind: 'model', name, why: `${others} of its versions are of other runs` });
}

async function removeSchema(api: DatabricksApi, schema: Schema, id: string, result: Removed): Promise<void> {
  if (!schema.ownsSchema) return;
  const name = `${schema.catalog}.${schema.schema}`;
  const path = `${unity}/schemas/${pathPart(name)}`;
  const now = await orUndefined(api.get(path, {}, owned));
  if (now?.properties[ownerTag] !== id) return;
  try {
    await orUndefined(api.delete(path));
    result.removed.push({ kind: 'schema', name });
  } catch (error) {
    // Unity Catalog itself refuses to delete one in which something lies.
    if (!(error instanceof DatabricksError) || error.status !== 400) throw error;
    result.kept.push({ kind: 'schema', name, why: 'something of others lies in it' });
  }
}

async function removeExperiment(
  api: DatabricksApi,
  { id, name, own, shared }: SeenExperiment,
  result: Removed,
): Promise<void> {
  if (shared === undefined) {
    await orUndefined(api.post('/api/2.0/mlflow/experiments/delete', { experiment_id: id }, v.unknown()));
    result.removed.push({ kind: 'experiment', name });
    return;
  }
  for (const { runId, name: runName, isDeleted } of own) {
    if (isDeleted) continue;
    await orUndefined(api.post('/api/2.0/mlflow/runs/delete', { run_id: runId }, v.unknown()));
    result.removed.push({ kind: 'mlflowRun', name: runName || runId });
  }
  result.kept.push({ kind: 'experiment', name, why: shared });
}
