import { createHash } from 'node:crypto';
import type { NotebookOutcome, NotebookRequest } from './notebookRequest.ts';
import type { NotebookApi, Sleep } from './scriptedCompute.ts';

/** A job as a RUNME describes it: its tasks' notebooks are named by their paths beside RUNME. */
interface ChildJob {
  tasks: { task_key: string; notebook_task: { notebook_path: string }; [field: string]: unknown }[];
  [field: string]: unknown;
}

interface Listed {
  jobs?: { job_id: bigint; settings: { name: string } }[];
}

/**
 * Acts a RUNME that uses the public companion library: it finds its job among all jobs by its name, resets or creates it,
 * starts it without a token, waits until it is over and hands over nothing. Without the widget `run_job` it starts nothing.
 * `prefix` is what the notebook's context puts before its path.
 */
export async function actCompanion(
  child: ChildJob,
  { notebookPath, parameters }: NotebookRequest,
  api: NotebookApi,
  sleep: Sleep,
  prefix: '' | '/Workspace' = '',
): Promise<NotebookOutcome> {
  const folder = prefix + notebookPath.slice(0, notebookPath.lastIndexOf('/'));
  const hash = createHash('sha256').update(folder).digest('hex');
  const settings = {
    ...child,
    name: `[RUNNER] ${folder.slice(folder.lastIndexOf('/') + 1)} | ${hash}`,
    tasks: child.tasks.map((task) => ({
      ...task,
      notebook_task: { notebook_path: `${folder}/${task.notebook_task.notebook_path}` },
    })),
  };
  const jobId = await ensureChild(api, settings);
  if (parameters['run_job'] !== 'True') return {};
  const { run_id: runId } = await api('POST', '/api/2.0/jobs/run-now', { job_id: jobId });
  for (;;) {
    const { state } = (await api('GET', `/api/2.0/jobs/runs/get?run_id=${runId as bigint}`)) as {
      state: { life_cycle_state: string; result_state?: string };
    };
    if (['TERMINATED', 'SKIPPED', 'INTERNAL_ERROR'].includes(state.life_cycle_state)) {
      if (state.result_state === 'SUCCESS') return {};
      const where = `#job/${jobId}/run/${runId as bigint}`;
      const error = `AssertionError: Job Run failed: please investigate the job run in this current workspace at ${where}`;
      return { error, errorTrace: `Traceback (most recent call last):\n${error}` };
    }
    await sleep(state.life_cycle_state === 'RUNNING' ? 15 : 5);
  }
}

async function ensureChild(api: NotebookApi, settings: { name: string }): Promise<bigint> {
  const { jobs = [] } = (await api('GET', '/api/2.1/jobs/list?limit=100&expand_tasks=False')) as Listed;
  const known = jobs.find((job) => job.settings.name === settings.name)?.job_id;
  if (known === undefined) return (await api('POST', '/api/2.1/jobs/create', settings))['job_id'] as bigint;
  await api('POST', '/api/2.1/jobs/reset', { job_id: known, new_settings: settings });
  return known;
}
