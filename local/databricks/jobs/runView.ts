import { type Fields } from '../requestFields.ts';
import type { Workspace } from '../workspace.ts';
import { type Ending, type LifeCycle, type PastGo, type Run, type TaskRun, goStartMs, isOver } from './run.ts';

const newStates: Record<LifeCycle, string> = {
  QUEUED: 'QUEUED',
  BLOCKED: 'BLOCKED',
  PENDING: 'PENDING',
  RUNNING: 'RUNNING',
  WAITING_FOR_RETRY: 'WAITING',
  TERMINATING: 'TERMINATING',
  TERMINATED: 'TERMINATED',
  SKIPPED: 'TERMINATED',
  INTERNAL_ERROR: 'TERMINATED',
};

const progress: Partial<Record<LifeCycle, string>> = {
  QUEUED: 'Queued, because the job already has its maximum of concurrent runs.',
  PENDING: 'Waiting for cluster',
  RUNNING: 'In run',
  TERMINATING: 'Terminating',
};

/** The older `state` and the newer `status`, which say the same. */
function states(lifeCycle: LifeCycle, ending: Ending | undefined): Fields {
  const over = ending !== undefined && isOver({ lifeCycle });
  const { code, type } = ending?.termination ?? {};
  return {
    state: {
      life_cycle_state: lifeCycle,
      ...(over && { result_state: ending.result }),
      state_message: over ? ending.message : (progress[lifeCycle] ?? ''),
      user_cancelled_or_timedout: over && (ending.result === 'CANCELED' || ending.result === 'TIMEDOUT'),
    },
    status: {
      state: newStates[lifeCycle],
      ...(over && { termination_details: { code, type, message: ending.message } }),
      ...(lifeCycle === 'QUEUED' && {
        queue_details: { code: 'MAX_CONCURRENT_RUNS_REACHED', message: progress.QUEUED },
      }),
    },
  };
}

/** A run as `runs/get` and `runs/list` show it, without its tasks. */
export function runView(run: Run, workspace: Workspace): Fields {
  const endMs = run.endMs ?? 0;
  return {
    job_id: BigInt(run.jobId),
    run_id: BigInt(run.runId),
    number_in_job: run.numberInJob,
    original_attempt_run_id: BigInt(run.runId),
    creator_user_name: run.creator,
    run_as_user_name: run.runAs,
    run_name: run.settings.name,
    run_type: 'JOB_RUN',
    format: 'MULTI_TASK',
    trigger: 'ONE_TIME',
    run_page_url: pageUrl(run, run.runId, workspace),
    start_time: run.startMs,
    // These three stay 0 for runs of several tasks.
    setup_duration: 0,
    execution_duration: 0,
    cleanup_duration: 0,
    end_time: endMs,
    ...(run.endMs !== undefined && { run_duration: durationMs(run, run.endMs) }),
    ...(run.startMs > run.queuedMs && { queue_duration: run.startMs - run.queuedMs }),
    ...(run.settings.job_clusters && { job_clusters: run.settings.job_clusters }),
    ...(Object.keys(run.jobParameters).length > 0 && {
      job_parameters: Object.entries(run.jobParameters).map(([name, value]) => ({ name, value })),
    }),
    ...(Object.keys(run.notebookParameters).length > 0 && {
      overriding_parameters: { notebook_params: run.notebookParameters },
    }),
    ...states(run.lifeCycle, run.ending),
  };
}

/** "The time it took the job run and all of its repairs to finish" (databricks-sdk-go, service/jobs/model.go). */
const durationMs = (run: Run, endMs: number): number =>
  (run.earlier ?? []).reduce((sum, go) => sum + go.endMs - go.startMs, endMs - goStartMs(run));

/** The run's `repair_history`: how it went at first, then each repair. */
export function repairHistory(run: Run): Fields[] {
  const past = (run.earlier ?? []).map((go: PastGo) => historyItem(run, go, go.ending.lifeCycle));
  const { repair, endMs, ending, lifeCycle } = run;
  const now = { startMs: goStartMs(run), endMs, ending, repairId: repair?.repairId };
  return [...past, historyItem(run, now, lifeCycle)];
}

function historyItem(
  run: Run,
  go: { repairId?: string | undefined; startMs: number; endMs?: number | undefined; ending?: Ending | undefined },
  lifeCycle: LifeCycle,
): Fields {
  const tasks = run.tasks.filter(({ repairId }) => repairId === go.repairId);
  return {
    type: go.repairId === undefined ? 'ORIGINAL' : 'REPAIR',
    ...(go.repairId !== undefined && { id: BigInt(go.repairId) }),
    start_time: go.startMs,
    end_time: go.endMs ?? 0,
    ...states(lifeCycle, go.ending),
    task_run_ids: tasks.map(({ runId }) => BigInt(runId)),
  };
}

/** One attempt of a task, as it stands among a run's `tasks`. */
export function taskView(run: Run, attempt: TaskRun, workspace: Workspace): Fields {
  const settings = run.settings.tasks.find(({ task_key: key }) => key === attempt.taskKey);
  const shared = run.settings.job_clusters?.find((cluster) => cluster.job_cluster_key === settings?.job_cluster_key);
  const endMs = attempt.endMs ?? 0;
  return {
    run_id: BigInt(attempt.runId),
    task_key: attempt.taskKey,
    attempt_number: attempt.attempt,
    ...(settings?.depends_on && { depends_on: settings.depends_on }),
    run_if: settings?.run_if,
    notebook_task: settings?.notebook_task,
    ...(settings?.job_cluster_key && { job_cluster_key: settings.job_cluster_key }),
    ...(settings?.new_cluster && { new_cluster: settings.new_cluster }),
    ...(shared && { new_cluster: shared.new_cluster }),
    ...(attempt.clusterId && { cluster_instance: { cluster_id: attempt.clusterId } }),
    run_page_url: pageUrl(run, attempt.runId, workspace),
    start_time: attempt.startMs,
    setup_duration: (attempt.runningMs ?? attempt.endMs ?? attempt.startMs) - attempt.startMs,
    execution_duration: attempt.runningMs === undefined || endMs === 0 ? 0 : endMs - attempt.runningMs,
    cleanup_duration: 0,
    end_time: endMs,
    ...states(attempt.lifeCycle, attempt.ending),
  };
}

/** The legacy form, which is what the API itself gives. */
const pageUrl = (run: Run, runId: string, workspace: Workspace): string =>
  `https://${workspace.host()}/?o=${workspace.record.workspaceId}#job/${run.jobId}/run/${runId}`;
