import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Callers } from '../callers.ts';
import type { NotebookOutcome, StartedNotebook } from '../notebooks/notebookRequest.ts';
import type { Workspace } from '../workspace.ts';
import type { Cluster, Clusters } from './clusters.ts';
import {
  driverLost,
  internalError,
  notebookMissing,
  outputTooLarge,
  success,
  workloadFailed,
  wrongLanguage,
} from './endings.ts';
import type { TaskSettings } from './jobSettings.ts';
import { taskParameters } from './parameters.ts';
import type { Ending, Run, TaskRun } from './run.ts';

/** What a notebook left behind, and how its task ends unless it was stopped on purpose. */
export interface NotebookEnd {
  ending: Ending;
  output: NonNullable<TaskRun['output']>;
}

export interface NotebookTask {
  run: Run;
  task: TaskSettings;
  attempt: TaskRun;
  cluster: Cluster;
}

/** The notebooks that execute now. */
export class NotebookRuns {
  readonly #workspace: Workspace;
  readonly #callers: Callers;
  readonly #clusters: Clusters;
  readonly #started = new Map<string, StartedNotebook>();
  #closed = false;

  constructor(workspace: Workspace, callers: Callers, clusters: Clusters) {
    this.#workspace = workspace;
    this.#callers = callers;
    this.#clusters = clusters;
  }

  /** Starts a task's notebook; `ended` is called once, later. A refusal is given back at once instead. */
  start(notebook: NotebookTask, ended: (end: NotebookEnd) => void): NotebookEnd | undefined {
    const { run, task, attempt } = notebook;
    const subject = { jobName: run.settings.name, taskKey: task.task_key };
    const lost = this.#workspace.scenarios.take('taskInternalError', subject);
    if (lost) return { ending: internalError(lost.message), output: {} };
    const trouble = this.#workspace.scenarios.take('taskFails', subject);
    if (trouble) {
      const error = `${trouble.code}: ${trouble.message}`;
      return read({ error, errorTrace: trouble.trace ?? `Traceback (most recent call last):\n${error}` });
    }
    const source = this.#workspace.files.find(task.notebook_task.notebook_path);
    if (source?.kind !== 'NOTEBOOK') return refusal(notebookMissing(task.notebook_task.notebook_path, run.runAs));
    if (source.language !== 'PYTHON') return refusal(wrongLanguage(source.path, source.language ?? 'unknown'));
    const driver = this.#clusters.driverOf(notebook.cluster.clusterId);
    if (!driver) return refusal(driverLost);
    const logFolder = join(this.#workspace.folder, 'logs', attempt.runId);
    mkdirSync(logFolder, { recursive: true });
    const started = driver.start(this.#request(notebook, source.path, logFolder));
    this.#started.set(attempt.runId, started);
    void this.#finish(attempt.runId, started, ended);
    return undefined;
  }

  async #finish(runId: string, started: StartedNotebook, ended: (end: NotebookEnd) => void): Promise<void> {
    const outcome = await started.outcome;
    this.#started.delete(runId);
    if (this.#closed) return;
    this.#callers.revokeTokens(runId);
    ended(read(outcome));
  }

  stop(runId: string): void {
    this.#started.get(runId)?.cancel();
  }

  /** Ends the token of a notebook that an earlier process has started. */
  forget(runId: string): void {
    this.#callers.revokeTokens(runId);
  }

  close(): void {
    this.#closed = true;
    for (const started of this.#started.values()) started.cancel();
  }

  #request({ run, task, attempt, cluster }: NotebookTask, notebookPath: string, logFolder: string) {
    const { record, files, folder, certificate } = this.#workspace;
    return {
      workspaceRoot: files.root,
      dbfsRoot: join(folder, 'dbfs'),
      // Where the Files API keeps them (storage/openStorage.ts).
      volumesRoot: join(folder, 'mlflow', 'Volumes'),
      notebookPath,
      parameters: taskParameters(run, task, attempt, this.#workspace),
      host: this.#workspace.host(),
      token: this.#callers.issueToken(run.runAs, attempt.runId),
      caFile: certificate.caFile,
      user: run.runAs,
      workspaceId: record.workspaceId,
      jobId: run.jobId,
      runId: attempt.runId,
      parentRunId: run.runId,
      taskKey: task.task_key,
      clusterKey: cluster.key,
      clusterId: cluster.clusterId,
      sparkVersion: cluster.spec.spark_version,
      logFolder,
    };
  }
}

function read({
  result,
  truncated,
  error,
  errorTrace,
  driverLost: lost,
  outputTooLarge: large,
}: NotebookOutcome): NotebookEnd {
  if (error === undefined) {
    return { ending: success, output: result === undefined ? {} : { result, ...(truncated && { truncated }) } };
  }
  const ending = lost ? driverLost : large ? outputTooLarge(error) : workloadFailed;
  return { ending, output: { error, ...(errorTrace !== undefined && { errorTrace }) } };
}

const refusal = (ending: Ending): NotebookEnd => ({ ending, output: { error: ending.message } });
