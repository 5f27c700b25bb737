import * as v from 'valibot';
import { type DatabricksApi, id } from '../clients/databricks.ts';
import { ownerTag } from '../domain/ids.ts';
import { companionNamesOf } from './companionJobs.ts';
import { pagesOf } from './pagesOf.ts';

const jobs = v.object({
  jobs: v.optional(
    v.array(
      v.object({
        job_id: id,
        settings: v.optional(
          v.object({ name: v.optional(v.string()), tags: v.optional(v.record(v.string(), v.string())) }),
        ),
      }),
    ),
    [],
  ),
  next_page_token: v.optional(v.string(), ''),
});

/**
 * Ids of the jobs that the deployment's RUNME has made, known by their tag, or by their name where the companion library
 * made them; the API filters by one name only.
 */
export async function childJobsOf(api: DatabricksApi, deploymentId: string, ownJobId: string): Promise<string[]> {
  const names = await companionNamesOf(api, ownJobId);
  const isChild = (name = '', tags: Record<string, string> = {}): boolean =>
    tags[ownerTag] === deploymentId || names.includes(name);
  const pages = await pagesOf(api, '/api/2.2/jobs/list', { limit: '100' }, jobs);
  return pages
    .flatMap((page) => page.jobs)
    .filter(({ job_id, settings }) => job_id !== ownJobId && isChild(settings?.name, settings?.tags))
    .map(({ job_id }) => job_id);
}
