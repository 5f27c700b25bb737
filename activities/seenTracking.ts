import * as v from 'valibot';
import type { DatabricksApi } from '../clients/databricks.ts';
import { ownerTag } from '../domain/ids.ts';

const keyed = v.optional(v.array(v.object({ key: v.string(), value: v.optional(v.string(), '') })), []);
const experiments = v.object({
  experiments: v.optional(v.array(v.object({ experiment_id: v.string(), name: v.string(), tags: keyed })), []),
  next_page_token: v.optional(v.string(), ''),
});
const runs = v.object({
  runs: v.optional(
    v.array(
      v.object({
        info: v.object({
          run_id: v.string(),
          run_name: v.optional(v.string(), ''),
          lifecycle_stage: v.optional(v.string(), 'active'),
        }),
        data: v.optional(v.object({ tags: keyed, params: keyed }), {}),
      }),
    ),
    [],
  ),
  next_page_token: v.optional(v.string(), ''),
});

/** A run of MLflow that carries the deployment's tag. */
export interface OwnRun {
  runId: string;
  name: string;
  isDeleted: boolean;
  params: Record<string, string>;
}

/** An experiment in the home of the deployer's own identity that has to do with the deployment. */
export interface SeenExperiment {
  id: string;
  name: string;
  own: OwnRun[];
  /** Why the experiment itself is not the deployment's alone. */
  shared?: string;
}

/**
 * The experiments in which the deployment has runs. A run's tag is its own for ever; an experiment's names the last that
 * used it, so an experiment is the deployment's when its tag is and no other's run is in it.
 */
export async function seenTracking(api: DatabricksApi, home: string, deploymentId: string): Promise<SeenExperiment[]> {
  const found: SeenExperiment[] = [];
  for (let token = ''; ;) {
    const query = { filter: `name LIKE '${home}/%'`, max_results: 200, ...(token !== '' && { page_token: token }) };
    const page = await api.post('/api/2.0/mlflow/experiments/search', query, experiments);
    for (const { experiment_id: id, name, tags } of page.experiments) {
      const owner = tags.find(({ key }) => key === ownerTag)?.value;
      const { own, others } = await runsOf(api, id, deploymentId);
      if (own.length === 0 && owner !== deploymentId) continue;
      const reason = others ? 'runs of others are in it' : `its last user was the deployment ${owner ?? '(none)'}`;
      found.push({ id, name, own, ...((others || owner !== deploymentId) && { shared: reason }) });
    }
    token = page.next_page_token;
    if (token === '') return found;
  }
}

async function runsOf(
  api: DatabricksApi,
  experimentId: string,
  deploymentId: string,
): Promise<{ own: OwnRun[]; others: boolean }> {
  const own: OwnRun[] = [];
  let others = false;
  for (let token = ''; ;) {
    // Deleted ones too: they still tell whose a version of a model is.
    const wanted = { experiment_ids: [experimentId], run_view_type: 'ALL', max_results: 1000 };
    const query = { ...wanted, ...(token !== '' && { page_token: token }) };
    const page = await api.post('/api/2.0/mlflow/runs/search', query, runs);
    for (const { info, data } of page.runs) {
      const isDeleted = info.lifecycle_stage === 'deleted';
      const isOwn = data.tags?.some(({ key, value }) => key === ownerTag && value === deploymentId);
      const params = Object.fromEntries((data.params ?? []).map(({ key, value }) => [key, value]));
      if (isOwn) own.push({ runId: info.run_id, name: info.run_name, isDeleted, params });
      else others ||= !isDeleted;
    }
    token = page.next_page_token;
    if (token === '') return { own, others };
  }
}
