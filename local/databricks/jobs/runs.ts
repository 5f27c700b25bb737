import type { Collection, Store } from '../../kit/store.ts';
import { type Run, type TaskRun, isOver } from './run.ts';

/** The runs of a workspace, oldest first. */
export class Runs {
  readonly #runs: Collection<Run>;

  constructor(store: Store) {
    this.#runs = store.collection('runs');
  }

  all(): Run[] {
    return this.#runs.values();
  }

  ofJob(jobId: string): Run[] {
    return this.all().filter((run) => run.jobId === jobId);
  }

  get(runId: string): Run | undefined {
    return this.#runs.get(runId);
  }

  /** The run and attempt that a task's run id names. */
  findTask(runId: string): { run: Run; attempt: TaskRun } | undefined {
    for (const run of this.all()) {
      const attempt = run.tasks.find((task) => task.runId === runId);
      if (attempt) return { run, attempt };
    }
    return undefined;
  }

  /** Whether the run's job has fewer runs in progress than it may have. */
  hasRoomFor(run: Run): boolean {
    const active = this.ofJob(run.jobId).filter((other) => other.lifeCycle !== 'QUEUED' && !isOver(other));
    return active.length < run.settings.max_concurrent_runs;
  }

  save(run: Run): void {
    this.#runs.set(run.runId, run);
  }

  remove(runId: string): void {
    this.#runs.delete(runId);
  }
}
