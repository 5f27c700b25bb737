import type { Accelerator } from './accelerator.ts';
import type { Failure } from './errors.ts';
import { type Limits, usualLimits } from './limits.ts';
import type { Network } from './network.ts';
import type { Outcome } from './outcome.ts';
import type { PlatformFailure } from './platformFailure.ts';
import type { PollingPlan } from './polling.ts';
import type { Finding } from './preflight.ts';
import type { WorkspaceFact } from './preflightSubscription.ts';
import type { RemovalLook, RemovalQuestion, Removed, RemoveInput, RemoveInWorkspace } from './removal.ts';
import type { DeploymentRequest } from './request.ts';
import type { Owner } from './resultQueries.ts';
import type { DeclaredResults, Verified } from './results.ts';
import type { RunSummary, StepName } from './status.ts';
import type { Tags } from './tags.ts';
import type { ReportInput } from './telemetry.ts';

export type { Accelerator } from './accelerator.ts';

/** How long and how often a step is tried while its failures are retryable. */
export interface RetryPolicy {
  /** Give up when the next try would start later than this after the first one. */
  limitSeconds: number;
  /** Pause before the second try; it doubles up to `maxPauseSeconds`. A remote side's Retry-After wins over it. */
  firstPauseSeconds: number;
  maxPauseSeconds: number;
}

/** Calls of Azure Resource Manager, which grants so many a second. */
export interface AzureCalls {
  reads: number;
  writes: number;
}

/** An activity by its registered name, with the types of what goes in and comes out. */
export interface Step<I extends object, O> {
  name: string;
  policy: RetryPolicy;
  /** What one call makes at most, of the steps that many deployments may take at the same time. */
  azure?: AzureCalls;
  /** Types only: nothing carries this at run time. */
  readonly types?: (input: I) => Outcome<O>;
}

const step = <I extends object, O>(name: string, policy: RetryPolicy, azure?: AzureCalls): Step<I, O> => ({
  name,
  policy,
  ...(azure && { azure }),
});

// A role needs up to ten minutes to spread through Entra ID and ARM (azure-docs, role-based-access-control/troubleshooting).
const spreading: RetryPolicy = { limitSeconds: 600, firstPauseSeconds: 5, maxPauseSeconds: 30 };
const remote: RetryPolicy = { limitSeconds: 900, firstPauseSeconds: 2, maxPauseSeconds: 60 };
// A role that is all that is missing may be spreading: its code is believed for ten minutes, the rest like any remote call.
const checking: RetryPolicy = { limitSeconds: 900, firstPauseSeconds: 2, maxPauseSeconds: 30 };
/** A call of the durable backend. */
const local: RetryPolicy = { limitSeconds: 120, firstPauseSeconds: 1, maxPauseSeconds: 15 };
/** Azure refuses a deletion while the workspace is being made, which may take as long as that. */
const removing: RetryPolicy = {
  limitSeconds: usualLimits.workspaceSeconds,
  firstPauseSeconds: 10,
  maxPauseSeconds: 60,
};
/** The run goes on and is paid whether or not Databricks answers, so giving up early would only start a second one. */
const watching: RetryPolicy = { limitSeconds: usualLimits.runSeconds, firstPauseSeconds: 5, maxPauseSeconds: 60 };

/** What every step of a deployment knows. */
export interface Deployment {
  id: string;
  /** 1 for the first; a later one goes on with the same names and new idempotency tokens. */
  attempt: number;
  /** Tells this start of the attempt from any other; lower-case letters and digits. */
  stamp: string;
  subscriptionId: string;
  request: DeploymentRequest;
  location: string;
  accelerator: Accelerator;
  /** Of a workspace that is made, and the tags of all that is; an instance of an earlier version has neither. */
  network?: Network;
  tags?: Tags;
}

/** Input of the `deploy` orchestrator. */
export interface DeployInput {
  deployment: Deployment;
  polling: PollingPlan;
  limits?: Limits;
  requestedBy?: string;
  /** The starts of the last hour, this one included, by which a caller's starts are counted. */
  starts?: CallerStart[];
  earlierAttempts: EarlierAttempt[];
  /** What is taken over from the attempt before; undefined for one that looks at everything anew. */
  kept?: Kept;
  /** Whether runs of an earlier attempt may still be active, because nobody has ended them. */
  mayStillRun?: boolean;
}

/** One start and whose it was: a hash that tells callers apart. */
export interface CallerStart {
  caller: string;
  at: string;
}

export interface EarlierAttempt {
  attempt: number;
  startedAt: string;
  endedAt: string;
  /** How it ended, in the words of the status resource's `state`. */
  outcome: string;
  /** Of one that did not succeed: the code, and the step that it ended at. */
  code?: string;
  step?: StepName;
}

/** What is known of the things that a deployment works with, from the moment each is. */
export interface Known {
  identity?: Identity;
  workspace?: Workspace & { created: boolean };
  repository?: Repository;
  job?: Job;
}

/** What an attempt takes over from the one before it, and the step that it goes on at. */
export interface Kept extends Known {
  from: StepName;
  /** Notebooks that have run, whose results are still to be proven. */
  notebooks?: { mark: string; runme: SubmittedRun; runs: RunSummary[]; result: unknown };
}

export interface Identity {
  resourceId: string;
  name: string;
  principalId: string;
  clientId: string;
}

export interface WorkspaceState {
  resourceId: string;
  state: 'creating' | 'ready';
  /** Whether this deployment made it; an adopted workspace is used and never changed. */
  created: boolean;
  /** ARM's status of the creation, which alone knows why it failed. */
  operationUrl?: string;
  /** Host name (and port) of the workspace's own API; only when ready. */
  host?: string;
  retryAfterSeconds?: number;
}

/** A workspace that answers: what the steps on Databricks need to reach it. */
export interface Workspace {
  resourceId: string;
  host: string;
}

/** One look at a workspace's storage. */
export interface StorageProbe {
  ready: boolean;
  /** Why it is not. */
  reason?: string;
  /** The wait that the workspace asked for. */
  retryAfterSeconds?: number;
}

export interface Repository {
  path: string;
  commit: string;
}

export interface Job {
  jobId: string;
  url: string;
}

export interface SubmittedRun {
  runId: string;
  url: string;
}

export type RunState = 'waiting' | 'running' | 'succeeded' | 'failed' | 'canceled' | 'timedOut' | 'skipped';

export interface TaskView {
  key: string;
  runId: string;
  state: RunState;
  /** 1 for the first. */
  attempt: number;
  startedAt?: string;
  endedAt?: string;
  url?: string;
}

/** A job run as the caller gets to see it. */
export interface RunView {
  runId: string;
  jobId: string;
  state: RunState;
  url: string;
  startedAt?: string;
  endedAt?: string;
  message?: string;
  /** How often it has been repaired, by us or by a person. */
  repairs: number;
  tasks: TaskView[];
  /** What each finished task handed to `dbutils.notebook.exit`, by task key; only once the run is over. */
  results: Record<string, string>;
  /** The first failed task's error and the tail of its trace; a notebook's own error comes before one of the platform. */
  problem?: { task: string; error: string; trace: string[]; url?: string };
  /** Set when nothing but the platform failed. */
  platform?: PlatformFailure;
}

/** The run that a RUNME with the companion library has started; empty while there is none. */
export interface ChildRun {
  runId?: string;
}

/** A run that is not over. */
export interface ActiveRun {
  runId: string;
  /** The job's name. */
  job: string;
  url: string;
}

/** How a run ended that was cancelled. */
export interface RunEnd {
  runId: string;
  state: RunState;
}

/** An external event for an orchestration of this app. */
export interface InstanceSignal {
  instanceId: string;
  event: 'stop' | 'wake';
}

export interface Warehouse {
  id: string;
  url: string;
}

/** Where a warehouse takes connections. */
export interface SqlEndpoint {
  host: string;
  port: number;
  path: string;
}

/** One look at a warehouse; `failure` says why its last start failed, where another one may go through. */
export type WarehouseState =
  | { state: 'waiting' }
  | { state: 'stopped'; failure?: Failure }
  | { state: 'running'; endpoint: SqlEndpoint };

/** What `verifyResults` needs to prove the results of one attempt. */
export interface VerifyInput {
  workspace: Workspace;
  warehouse: Warehouse;
  endpoint: SqlEndpoint;
  owner: Owner;
  results: DeclaredResults;
}

/** How far the deletion of a workspace is; `failed` says that Azure shows it so, not why. */
export interface WorkspaceRemoval {
  state: 'deleting' | 'failed' | 'gone';
  /** ARM's status of the deletion, which alone knows why it failed. */
  operationUrl?: string;
  retryAfterSeconds?: number;
}

/** `hidden`: the app may not look. */
export interface ManagedGroup {
  state: 'there' | 'hidden' | 'gone';
}

/** Input of the `destroy` orchestrator. */
export interface DestroyInput extends DeployInput {
  /** Whether tables, models and experiment go too. */
  data: boolean;
  /** Deployments that were running in the same workspace when the deletion was asked for. */
  neighbours?: string[];
}

/** A deployment and the time (ISO 8601) for which it is checked. */
export type CheckInput = Deployment & { at: string };

/** What was found in Azure before anything is made. */
export interface SubscriptionReport {
  findings: Finding[];
  workspace: WorkspaceFact | 'missing' | 'unknown';
  identity: 'there' | 'missing' | 'unknown';
}

export const checkSubscription = step<CheckInput, SubscriptionReport>('checkSubscription', checking, {
  reads: 8,
  writes: 0,
});
export const checkCompute = step<Deployment & { workspace: Workspace }, { findings: Finding[] }>(
  'checkCompute',
  remote,
);
export const ensureIdentity = step<Deployment, Identity>('ensureIdentity', remote, { reads: 1, writes: 1 });
export const ensureWorkspace = step<Deployment, WorkspaceState>('ensureWorkspace', remote, { reads: 1, writes: 1 });
export const readWorkspace = step<Deployment & { workspace: WorkspaceState }, WorkspaceState>('readWorkspace', remote, {
  reads: 1,
  writes: 0,
});
export const assignRole = step<Deployment & { identity: Identity; workspace: Workspace }, { name: string }>(
  'assignRole',
  spreading,
  { reads: 0, writes: 1 },
);
export const probeStorage = step<{ workspace: Workspace }, StorageProbe>('probeStorage', remote);
export const registerIdentity = step<{ workspace: Workspace; identity: Identity }, { id: string }>(
  'registerIdentity',
  spreading,
);
export const ensureRepo = step<Deployment & { workspace: Workspace }, Repository>('ensureRepo', remote);
export const ensureJob = step<Deployment & { workspace: Workspace; repository: Repository }, Job>('ensureJob', remote);
export const submitRun = step<Deployment & { workspace: Workspace; job: Job }, SubmittedRun>('submitRun', remote);
/** `seen`: the run has been there before, so that one that is missing is gone. */
export const readRun = step<{ workspace: Workspace; runId: string; seen?: boolean }, RunView>('readRun', watching);
/** `repairs`: how often the run had been repaired when this was decided; comes back as it is now. */
export const repairRun = step<{ workspace: Workspace; runId: string; repairs: number }, { repairs: number }>(
  'repairRun',
  watching,
);
export const findChildRun = step<{ workspace: Workspace; runId: string }, ChildRun>('findChildRun', watching);
/** `askedMs`: what did not begin before this moment is told of, but left alone; absent in instances of before. */
export const cancelRuns = step<Deployment & { workspace: Workspace; askedMs?: number }, { active: ActiveRun[] }>(
  'cancelRuns',
  remote,
);
export const signalInstance = step<InstanceSignal, object>('signalInstance', local);
export const ensureWarehouse = step<Deployment & { workspace: Workspace }, Warehouse>('ensureWarehouse', remote);
export const startWarehouse = step<{ workspace: Workspace; warehouse: Warehouse }, WarehouseState>(
  'startWarehouse',
  remote,
);
export const readWarehouse = step<{ workspace: Workspace; warehouse: Warehouse }, WarehouseState>(
  'readWarehouse',
  remote,
);
export const verifyResults = step<VerifyInput, Verified>('verifyResults', remote);
/** Fails never, so it is never tried again. */
export const report = step<ReportInput, { events: number }>('report', remote);

export const readRemoval = step<RemovalQuestion, RemovalLook>('readRemoval', remote);
export const removeData = step<RemoveInWorkspace, Removed>('removeData', remote);
export const removeJobs = step<RemoveInWorkspace, Removed>('removeJobs', remote);
export const removeFolder = step<RemoveInWorkspace, Removed>('removeFolder', remote);
export const removeWarehouse = step<RemoveInWorkspace, Removed>('removeWarehouse', remote);
export const removePrincipal = step<RemoveInWorkspace, Removed>('removePrincipal', remote);
export const removeRole = step<RemoveInput, Removed>('removeRole', remote);
export const removeWorkspace = step<RemoveInput, WorkspaceRemoval>('removeWorkspace', removing);
export const readRemovedWorkspace = step<Deployment & { removal: WorkspaceRemoval }, WorkspaceRemoval>(
  'readRemovedWorkspace',
  remote,
);
export const readManagedGroup = step<{ managedGroupId: string }, ManagedGroup>('readManagedGroup', remote);
export const removeIdentity = step<RemoveInput, Removed>('removeIdentity', remote);
