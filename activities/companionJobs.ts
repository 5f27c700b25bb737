import * as v from 'valibot';
import { type DatabricksApi, id } from '../clients/databricks.ts';
import { companionJobNamesFor } from '../domain/ids.ts';

const jobs = v.object({
  jobs: v.optional(
    v.array(v.object({ job_id: id, settings: v.optional(v.object({ name: v.optional(v.string()) })) })),
    [],
  ),
});

// The library itself fails when there are two of one name.
const mostOfOneName = 2;

/**
 * Ids of the jobs in which a RUNME at this path runs its notebooks with the companion library. Their name holds a hash of
 * the folder, so that they are this RUNME's alone.
 */
export async function companionJobs(api: DatabricksApi, runmePath: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of companionJobNamesFor(runmePath)) {
    const listed = await api.get('/api/2.2/jobs/list', { name, limit: '100' }, jobs);
    // The filter does not tell upper from lower case.
    const own = listed.jobs.filter(({ settings }) => settings?.name === name);
    found.push(...own.slice(0, mostOfOneName).map(({ job_id }) => job_id));
  }
  return found;
}
