import { TerminalError, type Failure } from './errors.ts';
import type { RunSummary } from './status.ts';
import type { RunState, RunView, TaskView } from './steps.ts';

/** Whether a run or a task of one can still change. */
export const isOver = (state: RunState): boolean => state !== 'waiting' && state !== 'running';

// Durable takes 16 kB of UTF-16 as custom status: two runs, and up to 700 bytes for each task.
const mostTasks = 16;
const rank: Record<RunState, number> = {
  failed: 0,
  timedOut: 0,
  canceled: 0,
  running: 1,
  succeeded: 2,
  waiting: 3,
  skipped: 3,
};

/** The run without what does not fit into a status. */
export function summaryOf(run: RunView, role: RunSummary['role']): RunSummary {
  const { results: _results, problem: _problem, platform: _platform, ...summary } = run;
  if (run.tasks.length <= mostTasks) return { ...summary, role };
  const lastEndedFirst = ({ endedAt: a = '' }: TaskView, { endedAt: b = '' }: TaskView): number =>
    a === b ? 0 : a < b ? 1 : -1;
  const byWeight = run.tasks.toSorted((a, b) => rank[a.state] - rank[b.state] || lastEndedFirst(a, b));
  const kept = new Set(byWeight.slice(0, mostTasks));
  const tasks = run.tasks.filter((task) => kept.has(task));
  return { ...summary, role, tasks, otherTasks: run.tasks.length - tasks.length };
}

/** Why a run that is over did not succeed. */
export function failureOfRun(run: RunView, role: RunSummary['role']): Failure {
  const { problem, platform } = run;
  const failure = { retryable: false, link: problem?.url ?? run.url, ...(run.message && { cause: run.message }) };
  if (run.state === 'canceled')
    return { ...failure, code: 'RUN_CANCELED', message: `The ${role} run ${run.runId} was cancelled.` };
  if (run.state === 'timedOut')
    return { ...failure, code: 'RUN_TIMEOUT', message: `The ${role} run ${run.runId} passed its own time limit.` };
  if (!problem || platform) {
    return {
      ...failure,
      code: platform?.code ?? 'RUN_FAILED',
      message: problem?.error ?? run.message ?? `The ${role} run ${run.runId} ended as ${run.state}.`,
    };
  }
  return { ...failure, code: 'NOTEBOOK_FAILED', message: `${problem.task}: ${problem.error}`, trace: problem.trace };
}

/** Whether a run that is over should be repaired: the platform alone failed it, in a way that may pass, and nobody has repaired it yet. */
export const deservesRepair = (run: RunView): boolean =>
  run.state === 'failed' && run.platform?.repairable === true && run.repairs === 0;

/** The run that RUNME started, from what it handed over on exit: `{"job_id": "…", "run_id": "…"}`. */
export function runStartedBy(runme: RunView): string {
  const [text = ''] = Object.values(runme.results);
  const found = /"run_id"\s*:\s*"?(\d+)"?/.exec(text);
  if (!found?.[1]) {
    throw new TerminalError('RUNME_RESULT_INVALID', 'RUNME ended without naming the run it started.', {
      cause: text.slice(0, 200),
      link: runme.url,
    });
  }
  return found[1];
}

/** What the last notebook handed over: parsed when it is JSON, else its text. */
export function resultOf(run: RunView): unknown {
  const last = run.tasks.map(({ key }) => run.results[key]).findLast((text) => text !== undefined);
  if (last === undefined) return null;
  try {
    return JSON.parse(last);
  } catch {
    return last;
  }
}
