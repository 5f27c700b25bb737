import * as v from 'valibot';
import type { DatabricksApi } from '../clients/databricks.ts';
import { pagesOf } from './pagesOf.ts';
import type { OwnRun } from './seenTracking.ts';

/** Unity Catalog's registry as MLflow's client calls it, and the workspace's own. */
const registries = ['/api/2.0/mlflow/unity-catalog', '/api/2.0/mlflow'] as const;

const page = v.object({
  model_versions: v.optional(
    v.array(v.object({ name: v.string(), version: v.string(), run_id: v.optional(v.string(), '') })),
    [],
  ),
  next_page_token: v.optional(v.string(), ''),
});

/** A registered model with versions of the deployment. */
export interface SeenModel {
  name: string;
  versions: string[];
  /** Versions of others. */
  others: number;
}

/**
 * The models that the deployment's runs registered. A version belongs to the run that it was made from, whose tag says
 * whose it is: tags on models are not to be had with MLflow before 2.9 and Unity Catalog.
 */
export async function seenModels(
  api: DatabricksApi,
  own: OwnRun[],
  unreadable: (what: string, error: unknown) => void,
): Promise<SeenModel[]> {
  const ids = new Set(own.map(({ runId }) => runId));
  const models: SeenModel[] = [];
  for (const registry of registries) {
    const what = registry === registries[0] ? 'models in Unity Catalog' : 'models in the workspace\u2019s registry';
    try {
      models.push(...(await modelsIn(api, registry, ids)));
    } catch (error) {
      unreadable(what, error);
    }
  }
  return models;
}

async function modelsIn(api: DatabricksApi, registry: string, ids: Set<string>): Promise<SeenModel[]> {
  const names = new Set<string>();
  for (const id of ids) {
    const made = await versions(api, registry, `run_id = '${id}'`);
    for (const { name } of made) names.add(name);
  }
  const models: SeenModel[] = [];
  for (const name of names) {
    const all = await versions(api, registry, `name = '${name}'`);
    const own = all.filter((one) => ids.has(one.run_id)).map(({ version }) => version);
    models.push({ name, versions: own, others: all.length - own.length });
  }
  return models;
}

async function versions(
  api: DatabricksApi,
  registry: string,
  filter: string,
): Promise<v.InferOutput<typeof page>['model_versions']> {
  const pages = await pagesOf(api, `${registry}/model-versions/search`, { filter, max_results: '1000' }, page);
  return pages.flatMap(({ model_versions }) => model_versions);
}
