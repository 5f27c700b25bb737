import { canceledByUser, success } from './endings.ts';
import type { RunCondition, TaskSettings } from './jobSettings.ts';
import { type Ending, type Run, type RunResult, isOver, latestAttempts } from './run.ts';

export type Verdict = 'wait' | 'run' | Ending;

const failed = new Set<RunResult>(['FAILED', 'TIMEDOUT', 'UPSTREAM_FAILED']);
const canceled = new Set<RunResult>(['CANCELED', 'UPSTREAM_CANCELED']);

/** Whether a task may start now, must wait for others, or ends without having run. */
export function judgeTask(task: TaskSettings, run: Run): Verdict {
  const attempts = latestAttempts(run);
  const needed = (task.depends_on ?? []).map(({ task_key: key }) => attempts.get(key));
  if (needed.some((attempt) => !attempt || !isOver(attempt))) return 'wait';
  if (task.disabled === true) return skipped('DISABLED');
  const results = needed.flatMap((attempt) => attempt?.ending?.result ?? []);
  if (results.length === 0 || holds(task.run_if, results)) return 'run';
  if (task.run_if === 'AT_LEAST_ONE_FAILED' || task.run_if === 'ALL_FAILED') return skipped('EXCLUDED');
  if (results.some((result) => failed.has(result))) return skipped('UPSTREAM_FAILED');
  return skipped(results.some((result) => canceled.has(result)) ? 'UPSTREAM_CANCELED' : 'EXCLUDED');
}

function holds(condition: RunCondition, results: RunResult[]): boolean {
  const succeeded = results.filter((result) => result === 'SUCCESS').length;
  const failures = results.filter((result) => failed.has(result)).length;
  const truths: Record<RunCondition, boolean> = {
    ALL_SUCCESS: succeeded === results.length,
    AT_LEAST_ONE_SUCCESS: succeeded > 0,
    NONE_FAILED: failures === 0 && succeeded > 0,
    ALL_DONE: true,
    AT_LEAST_ONE_FAILED: failures > 0,
    ALL_FAILED: failures === results.length,
  };
  return truths[condition];
}

const skippedMessages: Partial<Record<RunResult, string>> = {
  UPSTREAM_FAILED: 'Task was skipped because an upstream task failed.',
  UPSTREAM_CANCELED: 'Task was skipped because an upstream task was canceled.',
  EXCLUDED: 'Task was excluded because its run_if condition was not met.',
  DISABLED: 'Task is disabled.',
};

const skipped = (result: RunResult): Ending => ({
  lifeCycle: result === 'EXCLUDED' || result === 'DISABLED' ? 'SKIPPED' : 'TERMINATED',
  result,
  message: skippedMessages[result] ?? '',
  termination: { code: result === 'DISABLED' ? 'DISABLED' : 'SKIPPED', type: 'CLIENT_ERROR' },
});

/** How a run ends whose tasks are all over: its leaves decide, as in Databricks. */
export function judgeRun(run: Run): Ending {
  const attempts = latestAttempts(run);
  const inner = new Set(run.settings.tasks.flatMap((task) => (task.depends_on ?? []).map((need) => need.task_key)));
  const leaves = [...attempts.values()].filter((attempt) => !inner.has(attempt.taskKey));
  const leafResults = leaves.flatMap((attempt) => attempt.ending?.result ?? []);
  const failure = [...attempts.values()].find(
    ({ ending }) => ending && failed.has(ending.result) && ending.result !== 'UPSTREAM_FAILED',
  );
  if (leafResults.some((result) => failed.has(result))) {
    const downstream = leafResults.includes('UPSTREAM_FAILED')
      ? ' This caused all downstream tasks to get skipped.'
      : '';
    return {
      // Measured by Databricks: a failed task makes the run INTERNAL_ERROR, although the task itself is TERMINATED.
      lifeCycle: 'INTERNAL_ERROR',
      result: 'FAILED',
      message: `Task ${failure?.taskKey ?? ''} failed with message: ${failure?.ending?.message ?? ''}.${downstream}`,
      termination: failure?.ending?.termination ?? { code: 'RUN_EXECUTION_ERROR', type: 'CLIENT_ERROR' },
    };
  }
  if (leafResults.some((result) => canceled.has(result))) return canceledByUser;
  if (failure) {
    const termination = { code: 'SUCCESS_WITH_FAILURES', type: 'SUCCESS' } as const;
    return { ...success, result: 'SUCCESS_WITH_FAILURES', termination };
  }
  return success;
}
