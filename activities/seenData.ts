import * as v from 'valibot';
import { type DatabricksApi, id } from '../clients/databricks.ts';
import { DatabricksError, orUndefined } from '../clients/databricksFailure.ts';
import type { Deployment } from '../domain/steps.ts';
import { pagesOf } from './pagesOf.ts';
import { folderPath, homeOf } from './seenFolder.ts';
import { seenJobs } from './seenJobs.ts';
import { seenModels, type SeenModel } from './seenModels.ts';
import { type Place, seenTables, type SeenTables, unity } from './seenTables.ts';
import { type SeenExperiment, seenTracking } from './seenTracking.ts';

/** The results of a deployment, by their marks. */
export interface SeenData {
  experiments: SeenExperiment[];
  models: SeenModel[];
  schemas: (Place & SeenTables)[];
  /** The notebooks' folder of pictures beside the Git folder. */
  pictures?: string;
  /** What could not be looked at, and why. */
  warnings: string[];
}

/**
 * Looks for the results of a deployment. Where to look is told by its runs, its jobs and its request; whose a thing is,
 * by nothing but the mark on it.
 */
export async function seenData(api: DatabricksApi, deployment: Deployment): Promise<SeenData> {
  const home = await homeOf(api);
  const warnings: string[] = [];
  const unreadable = (what: string, error: unknown): void => {
    // What is switched off or refused stays so; what may pass is tried again.
    const stays = error instanceof DatabricksError && (error.status === 403 || !error.failure.retryable);
    if (!stays) throw error;
    warnings.push(`The ${what} could not be looked at, so none is removed: ${error.failure.message}`);
  };
  const experiments = await seenTracking(api, home, deployment.id);
  const own = experiments.flatMap((experiment) => experiment.own);
  const models = await seenModels(api, own, unreadable);
  const schemas: SeenData['schemas'] = [];
  for (const place of await placesOf(api, home, deployment, own, unreadable)) {
    const name = `${place.catalog}.${place.schema}`;
    try {
      schemas.push({ ...place, ...(await seenTables(api, place, deployment.id)) });
    } catch (error) {
      unreadable(`tables in ${name}`, error);
    }
  }
  const pictures = `${folderPath(home, deployment)}-results`;
  return { experiments, models, schemas, warnings, ...((await isPlainFolder(api, pictures)) && { pictures }) };
}

const repos = v.object({
  repos: v.optional(v.array(v.object({ path: v.string() })), []),
  next_page_token: v.optional(v.string(), ''),
});

/** Whether there is a folder, and no Git folder at its path or in it: that of an accelerator that is called like this. */
async function isPlainFolder(api: DatabricksApi, path: string): Promise<boolean> {
  const there = await orUndefined(api.get('/api/2.0/workspace/get-status', { path }, v.object({ object_id: id })));
  if (there === undefined) return false;
  const pages = await pagesOf(api, '/api/2.0/repos', { path_prefix: path }, repos);
  const paths = pages.flatMap((page) => page.repos).map((repo) => repo.path.replace(/^\/Workspace(?=\/)/, ''));
  return !paths.some((one) => one === path || one.startsWith(`${path}/`));
}

const name = v.pipe(v.string(), v.regex(/^[^./\s\p{Cc}]{1,255}$/u), v.toLowerCase());
const job = v.object({
  settings: v.object({
    tasks: v.optional(
      v.array(
        v.object({
          notebook_task: v.optional(
            v.object({ base_parameters: v.optional(v.record(v.string(), v.string()), {}) }),
            {},
          ),
        }),
      ),
      [],
    ),
  }),
});
const assignment = v.object({ default_catalog_name: v.optional(v.string(), '') });

async function placesOf(
  api: DatabricksApi,
  home: string,
  deployment: Deployment,
  runs: SeenExperiment['own'],
  unreadable: (what: string, error: unknown) => void,
): Promise<Place[]> {
  const asked: Record<string, string>[] = [deployment.request.parameters];
  for (const { jobId } of (await seenJobs(api, home, deployment)).own) {
    const found = await orUndefined(api.get('/api/2.2/jobs/get', { job_id: jobId }, job));
    for (const { notebook_task } of found?.settings.tasks ?? []) asked.push(notebook_task.base_parameters ?? {});
  }
  const fallback = await defaultCatalog(api, unreadable);
  const named = asked.map(({ catalog, schema }) => [catalog || fallback, schema || 'implied_volatility']);
  const written = runs.flatMap(({ params }) =>
    Object.entries(params)
      .filter(([key]) => key.endsWith('_table'))
      .map(([, table]) => table.split('.')),
  );
  const places = new Map<string, Place>();
  for (const [catalog, schema] of [...named, ...written]) {
    const parsed = v.safeParse(v.object({ catalog: name, schema: name }), { catalog, schema });
    if (parsed.success) places.set(`${parsed.output.catalog}.${parsed.output.schema}`, parsed.output);
  }
  return [...places.values()];
}

async function defaultCatalog(
  api: DatabricksApi,
  unreadable: (what: string, error: unknown) => void,
): Promise<string | undefined> {
  try {
    return (await api.get(`${unity}/current-metastore-assignment`, {}, assignment)).default_catalog_name || undefined;
  } catch (error) {
    unreadable('default catalog', error);
    return undefined;
  }
}
