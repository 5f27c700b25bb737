import type { Callers } from '../callers.ts';
import type { Workspace } from '../workspace.ts';
import { type Cluster, Clusters } from './clusters.ts';
import type { Job } from './job.ts';
import { type JobSettings, type TaskSettings, withClusterDefaults } from './jobSettings.ts';
import { canceledByUser, type ClusterReason, concurrencyReached, driverLost, timedOut } from './endings.ts';
import { NotebookRuns } from './notebookRuns.ts';
import { openNextGo, unsuccessfulTasks } from './repairs.ts';
import { type Ending, type Run, type TaskRun, goStartMs, isOver, latestAttempts } from './run.ts';
import { Runs } from './runs.ts';
import { armRepairByPerson, armTaskTroubles } from './runTroubles.ts';
import { judgeRun, judgeTask } from './taskGraph.ts';

const shutdownMs = 1000;

export interface Submission {
  job: Job;
  creator: string;
  jobParameters: Record<string, string>;
  notebookParameters: Record<string, string>;
  idempotencyToken?: string;
  queue: boolean;
}

/** Moves runs through their states: clusters start, tasks run in the order of their graph, retries, timeouts, cancels. */
export class RunEngine {
  readonly runs: Runs;
  readonly clusters: Clusters;
  readonly #workspace: Workspace;
  readonly #notebooks: NotebookRuns;
  readonly #timers = new Map<string, () => void>();
  readonly #toDelete = new Set<string>();

  constructor(workspace: Workspace, callers: Callers) {
    this.#workspace = workspace;
    this.runs = new Runs(workspace.store);
    this.clusters = new Clusters(workspace);
    this.#notebooks = new NotebookRuns(workspace, callers, this.clusters);
  }

  /** A new run of a job: started, queued, or skipped when the job runs often enough already. */
  submit({ job, ...wanted }: Submission): Run {
    const now = this.#workspace.clock.now();
    const run: Run = {
      ...wanted,
      runId: this.#workspace.nextId(),
      jobId: job.jobId,
      numberInJob: this.runs.ofJob(job.jobId).length + 1,
      settings: job.settings,
      runAs: job.runAs,
      lifeCycle: 'QUEUED',
      queuedMs: now,
      startMs: now,
      tasks: [],
    };
    if (this.runs.hasRoomFor(run)) this.#begin(run);
    else if (run.queue) this.runs.save(run);
    else this.#end(run, concurrencyReached(job.settings.max_concurrent_runs));
    return run;
  }

  /** Stops a run (asynchronously, as in Databricks); one that is over stays as it is. */
  cancel(run: Run, ending: Ending = canceledByUser): void {
    if (isOver(run) || run.lifeCycle === 'TERMINATING') return;
    if (run.lifeCycle === 'QUEUED') return this.#end(run, ending);
    run.lifeCycle = 'TERMINATING';
    run.ending = ending;
    for (const attempt of run.tasks) this.#stop(attempt, ending);
    this.runs.save(run);
    this.#windDownWhenIdle(run);
  }

  cancelTask(run: Run, attempt: TaskRun, ending: Ending = canceledByUser): void {
    this.#stop(attempt, ending);
    this.#advance(run);
  }

  /** Runs tasks of a run that is over once more, within the same run; gives the repair's id. */
  repair(run: Run, taskKeys: Set<string>, settings: JobSettings = run.settings): string {
    const repairId = this.#workspace.nextId();
    openNextGo(run, repairId, this.#workspace.clock.now());
    run.settings = settings;
    for (const task of settings.tasks.filter(({ task_key: key }) => taskKeys.has(key))) {
      const before = latestAttempts(run).get(task.task_key)?.attempt ?? -1;
      run.tasks.push(this.#newAttempt(run, task, before + 1));
    }
    this.#armTimeout(run);
    this.#advance(run);
    return repairId;
  }

  /** Takes up the runs of an earlier process; notebooks that were running then are lost. */
  resume(): void {
    const open = this.runs.all().filter((run) => !isOver(run));
    for (const run of open) this.#resumeRun(run);
    for (const jobId of new Set(open.map((run) => run.jobId))) this.#beginQueued(jobId);
  }

  /** Stops all notebooks and clusters without recording it; settles when nothing of them is left. */
  async close(): Promise<void> {
    this.#notebooks.close();
    await this.clusters.close();
  }

  #beginQueued(jobId: string): void {
    const queued = this.runs.ofJob(jobId).filter((run) => run.lifeCycle === 'QUEUED');
    for (const run of queued) if (this.runs.hasRoomFor(run)) this.#begin(run);
  }

  #begin(run: Run): void {
    run.lifeCycle = 'PENDING';
    run.startMs = this.#workspace.clock.now();
    run.tasks = run.settings.tasks.map((task) => this.#newAttempt(run, task, 0));
    this.#armTimeout(run);
    this.#advance(run);
  }

  #newAttempt({ repair }: Run, task: TaskSettings, attempt: number): TaskRun {
    return {
      runId: this.#workspace.nextId(),
      taskKey: task.task_key,
      attempt,
      lifeCycle: 'BLOCKED',
      startMs: this.#workspace.clock.now(),
      ...(repair && { repairId: repair.repairId }),
    };
  }

  // Starts what may start until nothing changes any more.
  #advance(run: Run): void {
    if (isOver(run)) return;
    for (let changed = run.lifeCycle !== 'TERMINATING'; changed;) {
      changed = false;
      for (const task of run.settings.tasks) {
        const attempt = latestAttempts(run).get(task.task_key);
        const verdict = attempt?.lifeCycle === 'BLOCKED' ? judgeTask(task, run) : 'wait';
        if (!attempt || verdict === 'wait') continue;
        changed = true;
        if (verdict === 'run') this.#prepare(run, task, attempt);
        else this.#conclude(run, attempt, verdict);
      }
    }
    this.runs.save(run);
    this.#windDownWhenIdle(run);
  }

  #prepare(run: Run, task: TaskSettings, attempt: TaskRun): void {
    attempt.lifeCycle = 'PENDING';
    attempt.startMs = this.#workspace.clock.now();
    const key = task.job_cluster_key ?? attempt.runId;
    const existing = this.clusters
      .ofRun(run.runId)
      .find((cluster) => cluster.key === key && (cluster.state === 'PENDING' || cluster.state === 'RUNNING'));
    const shared = run.settings.job_clusters?.find((cluster) => cluster.job_cluster_key === task.job_cluster_key);
    const spec = withClusterDefaults(task.new_cluster ?? shared?.new_cluster ?? {});
    const { runId, creator, settings } = run;
    const wanted = { runId, key, jobName: settings.name, creator, spec };
    const cluster = existing ?? this.clusters.request(wanted, task.task_key);
    attempt.clusterId = cluster.clusterId;
    if (cluster.state === 'RUNNING') this.#launch(run, attempt, cluster);
    else if (!existing) this.#startCluster(run, cluster);
  }

  #startCluster(run: Run, cluster: Cluster): void {
    this.clusters.start(cluster, (settled) => {
      if (isOver(run) || run.lifeCycle === 'TERMINATING') return;
      for (const attempt of run.tasks) {
        if (attempt.lifeCycle !== 'PENDING' || attempt.clusterId !== settled.clusterId) continue;
        if (settled.failure) this.#conclude(run, attempt, settled.failure.ending);
        else this.#launch(run, attempt, settled);
      }
      this.#advance(run);
    });
  }

  #launch(run: Run, attempt: TaskRun, cluster: Cluster): void {
    const task = taskOf(run, attempt);
    attempt.lifeCycle = 'RUNNING';
    attempt.runningMs = this.#workspace.clock.now();
    if (run.lifeCycle === 'PENDING') run.lifeCycle = 'RUNNING';
    // Saved before the notebook starts, so that a crash cannot leave one running that nobody knows of.
    this.runs.save(run);
    const refused = this.#notebooks.start({ run, task, attempt, cluster }, ({ ending, output }) => {
      attempt.output = output;
      this.#conclude(run, attempt, attempt.ending ?? ending);
      this.#advance(run);
    });
    if (refused) {
      attempt.output = refused.output;
      return this.#conclude(run, attempt, refused.ending);
    }
    const { timeout_seconds: seconds } = task;
    if (seconds > 0) {
      const stop = (): void => this.cancelTask(run, attempt, timedOut(seconds));
      this.#timers.set(attempt.runId, this.#workspace.at(attempt.runningMs + seconds * 1000, stop));
    }
    armTaskTroubles(this.#workspace, run, attempt, {
      cancel: () => this.cancel(run),
      cancelAndDelete: () => {
        this.#toDelete.add(run.runId);
        this.cancel(run);
      },
      evict: (reason) => this.#evict(run, attempt.clusterId ?? '', reason),
    });
  }

  #evict(run: Run, clusterId: string, reason: ClusterReason): void {
    const ending = this.clusters.evict(clusterId, reason);
    if (!ending) return;
    for (const attempt of run.tasks) if (attempt.clusterId === clusterId) this.#stop(attempt, ending);
    this.#advance(run);
  }

  // Ends what has not started; a notebook that runs is stopped and ends when its process has.
  #stop(attempt: TaskRun, ending: Ending): void {
    if (isOver(attempt) || attempt.lifeCycle === 'TERMINATING') return;
    attempt.ending = ending;
    if (attempt.lifeCycle === 'RUNNING') {
      attempt.lifeCycle = 'TERMINATING';
      this.#notebooks.stop(attempt.runId);
    } else {
      attempt.lifeCycle = ending.lifeCycle;
      attempt.endMs = this.#workspace.clock.now();
    }
  }

  #conclude(run: Run, attempt: TaskRun, ending: Ending): void {
    this.#disarm(attempt.runId);
    attempt.lifeCycle = ending.lifeCycle;
    attempt.ending = ending;
    attempt.endMs = this.#workspace.clock.now();
    const task = taskOf(run, attempt);
    const retriesMost = task.max_retries ?? 0;
    const retriable = ending.result === 'FAILED' || (ending.result === 'TIMEDOUT' && task.retry_on_timeout === true);
    // A repair has all its retries again.
    const tries = run.tasks.filter(
      (one) => one.taskKey === attempt.taskKey && one.repairId === attempt.repairId,
    ).length;
    const left = retriesMost === -1 || tries <= retriesMost;
    if (!retriable || !left || run.lifeCycle === 'TERMINATING') return;
    const retryAtMs = attempt.endMs + (task.min_retry_interval_millis ?? 0);
    const next: TaskRun = {
      ...this.#newAttempt(run, task, attempt.attempt + 1),
      lifeCycle: 'WAITING_FOR_RETRY',
      retryAtMs,
    };
    run.tasks.push(next);
    this.#armRetry(run, next);
  }

  #armRetry(run: Run, attempt: TaskRun): void {
    this.#workspace.at(attempt.retryAtMs ?? 0, () => {
      if (attempt.lifeCycle !== 'WAITING_FOR_RETRY') return;
      attempt.lifeCycle = 'BLOCKED';
      this.#advance(run);
    });
  }

  #armTimeout(run: Run): void {
    const { timeout_seconds: seconds } = run.settings;
    if (seconds === 0) return;
    const stop = this.#workspace.at(goStartMs(run) + seconds * 1000, () => this.cancel(run, timedOut(seconds)));
    this.#timers.set(run.runId, stop);
  }

  #disarm(id: string): void {
    this.#timers.get(id)?.();
    this.#timers.delete(id);
  }

  #windDownWhenIdle(run: Run): void {
    if (run.endsAtMs !== undefined || ![...latestAttempts(run).values()].every(isOver)) return;
    run.ending ??= judgeRun(run);
    run.lifeCycle = 'TERMINATING';
    run.endsAtMs = this.#workspace.clock.now() + shutdownMs;
    this.clusters.terminate(run.runId, 'TERMINATING');
    this.runs.save(run);
    this.#armEnd(run);
  }

  #armEnd(run: Run): void {
    this.#workspace.at(run.endsAtMs ?? 0, () => run.ending && this.#end(run, run.ending));
  }

  #end(run: Run, ending: Ending): void {
    this.#disarm(run.runId);
    run.lifeCycle = ending.lifeCycle;
    run.ending = ending;
    run.endMs = this.#workspace.clock.now();
    this.clusters.terminate(run.runId, 'TERMINATED');
    this.runs.save(run);
    if (this.#toDelete.delete(run.runId)) this.runs.remove(run.runId);
    else armRepairByPerson(this.#workspace, run, () => this.repair(run, unsuccessfulTasks(run)));
    this.#beginQueued(run.jobId);
  }

  #resumeRun(run: Run): void {
    if (run.lifeCycle === 'QUEUED') return;
    if (run.endsAtMs !== undefined) return this.#armEnd(run);
    this.#armTimeout(run);
    // Not the attempts that are added on the way.
    for (const attempt of run.tasks.filter((attempt) => !isOver(attempt))) {
      this.#notebooks.forget(attempt.runId);
      if (attempt.lifeCycle === 'RUNNING') this.#conclude(run, attempt, driverLost);
      else if (attempt.lifeCycle === 'TERMINATING' && attempt.ending) this.#conclude(run, attempt, attempt.ending);
      else if (attempt.lifeCycle === 'WAITING_FOR_RETRY') this.#armRetry(run, attempt);
    }
    const clusters = this.clusters.restart(run.runId);
    this.#advance(run);
    // Those that the run still needs; the others have been shut down meanwhile.
    for (const cluster of clusters) this.#startCluster(run, cluster);
  }
}

function taskOf(run: Run, attempt: TaskRun): TaskSettings {
  const task = run.settings.tasks.find(({ task_key: key }) => key === attempt.taskKey);
  if (!task) throw new Error(`Run ${run.runId} has no task ${attempt.taskKey}.`);
  return task;
}
