import * as v from 'valibot';
import { type DatabricksApi, id } from '../clients/databricks.ts';
import { companionJobNamesFor, isDeploymentId, ownerTag } from '../domain/ids.ts';
import type { Deployment } from '../domain/steps.ts';
import { pagesOf } from './pagesOf.ts';
import { folderPath } from './seenFolder.ts';

const page = v.object({
  jobs: v.optional(
    v.array(
      v.object({
        job_id: id,
        settings: v.optional(
          v.object({ name: v.optional(v.string(), ''), tags: v.optional(v.record(v.string(), v.string()), {}) }),
          {},
        ),
      }),
    ),
    [],
  ),
  next_page_token: v.optional(v.string(), ''),
});

/** The jobs of a workspace, as far as a deletion has to know them. */
export interface SeenJobs {
  /** Jobs that carry the deployment's tag: RUNME's, and the one that RUNME made. */
  own: { jobId: string; name: string }[];
  /** Other deployments of this deployer that have jobs here. */
  others: string[];
  /** How many jobs carry no deployment's tag. */
  foreign: number;
}

/**
 * Looks through all jobs; the API has no filter for tags. The companion library sets none on the job that it makes: its
 * mark is its name, a hash over the path in the home of the deployer's own identity.
 */
export async function seenJobs(api: DatabricksApi, home: string, deployment: Deployment): Promise<SeenJobs> {
  const { companion = false, runmePath = '' } = deployment.accelerator;
  const names = companion ? companionJobNamesFor(`${folderPath(home, deployment)}/${runmePath}`) : [];
  const seen: SeenJobs = { own: [], others: [], foreign: 0 };
  const others = new Set<string>();
  const pages = await pagesOf(api, '/api/2.2/jobs/list', { limit: '100' }, page);
  for (const { job_id: jobId, settings } of pages.flatMap(({ jobs }) => jobs)) {
    const owner = settings.tags[ownerTag];
    const isOwn = owner === deployment.id || (owner === undefined && names.includes(settings.name));
    if (isOwn) seen.own.push({ jobId, name: settings.name });
    else if (owner !== undefined && isDeploymentId(owner)) others.add(owner);
    else seen.foreign++;
  }
  return { ...seen, others: [...others].toSorted() };
}
