/** One task run's notebook, to be executed once. */
export interface NotebookRequest {
  /** The folder that is /Workspace. */
  workspaceRoot: string;
  /** The folder that is dbfs:/. */
  dbfsRoot: string;
  /** The folder that is /Volumes. */
  volumesRoot: string;
  /** Absolute path in the workspace, without `/Workspace` and without the file's extension. */
  notebookPath: string;
  parameters: Record<string, string>;
  /** `localhost:port` of the workspace. */
  host: string;
  /** A token of the identity that the job runs as; it ends with the task. */
  token: string;
  /** The workspace's certificate authority, as a PEM file. */
  caFile: string;
  /** Application id of the identity that the job runs as. */
  user: string;
  workspaceId: string;
  jobId: string;
  /** The task run's own id, as `runs/get` shows it in `tasks`. */
  runId: string;
  parentRunId: string;
  taskKey: string;
  clusterKey: string;
  clusterId: string;
  sparkVersion: string;
  /** What the notebook prints goes to `output.log` in this folder, which exists; its cells to `cells.jsonl`, what it displays beside it. */
  logFolder: string;
}

export interface NotebookOutcome {
  /** What the notebook gave to `dbutils.notebook.exit`. */
  result?: string;
  /** The result is only the beginning of what the notebook gave. */
  truncated?: boolean;
  /** `Name: message` of the exception that ended it. */
  error?: string;
  errorTrace?: string;
  /** The driver died before the notebook ended; nothing is known of its result. */
  driverLost?: boolean;
  /** It was ended because it printed and showed too much; `error` says so. */
  outputTooLarge?: boolean;
}

export interface StartedNotebook {
  /** Never rejects; settles after a cancel too. */
  outcome: Promise<NotebookOutcome>;
  cancel(): void;
}
