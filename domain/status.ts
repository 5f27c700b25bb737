import type { Failure } from './errors.ts';
import type { Warning } from './preflight.ts';
import type { ExplainedItem, RemovalItem } from './removal.ts';
import type { Verified } from './results.ts';
import type {
  ActiveRun,
  EarlierAttempt,
  Identity,
  Job,
  Known,
  Repository,
  RunEnd,
  RunView,
  SubmittedRun,
  Workspace,
} from './steps.ts';

/** The steps of a deployment in their order, with the words that people read. */
export const stepTitles = {
  preflight: 'Preflight',
  identity: 'Managed identity',
  workspace: 'Databricks workspace',
  role: 'Role of the identity on the workspace',
  storage: 'Workspace storage',
  principal: 'Identity in the workspace',
  compute: 'Runtime and node types',
  repository: 'Accelerator repository',
  job: 'Job from the template',
  run: 'Start of RUNME',
  notebooks: 'RUNME and the notebooks',
  warehouse: 'SQL warehouse',
  verification: 'Proof of the results',
  removalPlan: 'What there is to remove',
  removeRuns: 'Runs in Databricks',
  removeData: 'Tables, models and experiment',
  removeContents: 'Jobs, Git folder and SQL warehouse',
  removeRole: 'Role of the identity on the workspace',
  removeWorkspace: 'Databricks workspace',
  removeManagedGroup: 'Managed resource group',
  removeIdentity: 'Managed identity',
} as const;

export type StepName = keyof typeof stepTitles;

/** The steps of one deployment: those of the proof only when its results are proven, the checks unless it is too old for them. */
export const stepNames = (proves: boolean, checks = true): StepName[] =>
  (Object.keys(stepTitles) as StepName[])
    .filter((name) => !isRemoval(name))
    .filter((name) => proves || (name !== 'warehouse' && name !== 'verification'))
    .filter((name) => checks || (name !== 'preflight' && name !== 'compute'));

const isRemoval = (name: StepName): boolean => name.startsWith('remov');

/** The steps of a deletion. */
export const removalStepNames: StepName[] = (Object.keys(stepTitles) as StepName[]).filter(isRemoval);

export interface StepStatus {
  name: StepName;
  /** `kept`: taken over from an earlier attempt. */
  state: 'pending' | 'running' | 'waiting' | 'retrying' | 'done' | 'kept' | 'failed' | 'cancelled';
  /** Tries so far; 1 for a step that went through at once. */
  tries: number;
  startedAt?: string;
  endedAt?: string;
  /** Seconds spent in durable timers: waits for the cloud and pauses before a retry. */
  waitedSeconds: number;
  /** What a wait still waits for, in the cloud's words. */
  reason?: string;
  /** Why the last try failed, while the step is retried. */
  problem?: { code: string; message: string };
}

export interface Links {
  workspace?: string;
  portal?: string;
  job?: string;
  runmeRun?: string;
  notebooksRun?: string;
  warehouse?: string;
  mlflowRun?: string;
  model?: string;
  /** The tables of the results by their role. */
  tables?: Record<string, string>;
}

/** Custom status of the `deploy` orchestration: small, and current at every step. */
export interface DeployStatus {
  attempt: number;
  phase: StepName;
  steps: StepStatus[];
  links: Links;
  /** What the checks could not see, or what may turn out well. */
  warnings?: Warning[];
  /** What a later attempt can go on from. */
  known?: Known;
  /** Set while runs are being ended, because the deployment was cancelled or has failed. */
  ending?: { since: string; code: string };
  /** How the runs ended that were cancelled. */
  runEnds?: RunEnd[];
  /** Runs that would not end in time. */
  activeRuns?: ActiveRun[];
  failure?: Failure & { step: StepName };
}

/** Custom status of `waitForStorage`. */
export interface StorageStatus {
  reason: string;
  waitedSeconds: number;
}

/** Custom status of `watchRun`. */
export interface WatchStatus {
  runs: RunSummary[];
  /** Seconds spent in durable timers so far. */
  waitedSeconds: number;
  problem?: { code: string; message: string };
}

/** A run without its results: what fits into a status. */
export type RunSummary = Omit<RunView, 'results' | 'problem' | 'platform'> & {
  role: 'RUNME' | 'notebooks';
  /** When the repair of what the platform had failed was seen to, and what that was. */
  repaired?: { at: string; why: string };
  /** How many tasks are not among `tasks`, which are then the ones that matter most. */
  otherTasks?: number;
};

/** What `watchRun` hands to its parent. */
export interface WatchResult {
  runs: RunSummary[];
  waitedSeconds: number;
  /** What the last notebook handed over: parsed JSON, or its text. */
  result: unknown;
}

/** Output of a deployment that succeeded. */
export interface DeployOutput {
  identity: Identity;
  workspace: Workspace & { created: boolean };
  repository: Repository;
  job: Job;
  runme: SubmittedRun;
  runs: RunSummary[];
  links: Links;
  result: unknown;
  /** Undefined for an accelerator whose results are not verified. */
  verified?: Verified;
}

/** Output of a deletion. */
export interface DestroyOutput {
  /** Whether the results went too. */
  data: boolean;
  removed: RemovalItem[];
  kept: ExplainedItem[];
  warnings: string[];
}

/** Body of the status resource: the fields of Durable's own status, and ours beside them. */
export interface StatusResource {
  id: string;
  name: string;
  instanceId: string;
  runtimeStatus: string;
  customStatus: unknown;
  output: unknown;
  createdTime: string;
  lastUpdatedTime: string;
  accelerator: string;
  /** How the deployment is, in one word. */
  state: DeploymentState;
  target: { resourceGroup: string; workspaceName: string; location: string };
  requestedBy?: string;
  attempt: number;
  earlierAttempts: EarlierAttempt[];
  /** The step that the deployment is at, in words. */
  phase: string;
  steps: (StepStatus & { title: string })[];
  runs: RunSummary[];
  links: Links;
  /** What the last notebook handed over, of a deployment that succeeded. */
  results?: unknown;
  verified?: Verified;
  /** What the checks could not see, or what may turn out well. */
  warnings?: Warning[];
  failure?: FailureView;
  /** What a deployment that did not succeed leaves behind. */
  remains?: Remainder[];
  /** What a deletion removed, what it left and why, and what it could not look at. */
  removed?: RemovalItem[];
  kept?: ExplainedItem[];
  notes?: string[];
  statusQueryGetUri: string;
}

export type DeploymentState =
  | 'Pending'
  | 'Running'
  | 'Cancelling'
  | 'Succeeded'
  | 'Failed'
  | 'Cancelled'
  | 'Deleting'
  | 'Deleted';

/** Something that is there because of a deployment, or that it has only used. */
export interface Remainder {
  kind: 'identity' | 'workspace' | 'repository' | 'job' | 'active run';
  name: string;
  /** Whether the deployment made it, where its record knows. */
  made?: boolean;
  link?: string;
}

export interface FailureView {
  code: string;
  title: string;
  message: string;
  hint: string;
  step?: StepName;
  cause?: string;
  trace?: string[];
  link?: string;
}
