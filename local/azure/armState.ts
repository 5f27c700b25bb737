import type { Clock } from '../kit/clock.ts';
import type { Collection, Store } from '../kit/store.ts';
import type { Scenario } from './scenarios.ts';

export interface ResourceGroup {
  id: string;
  name: string;
  location: string;
  tags: Record<string, string>;
  /** The workspace that owns the group; such groups hold what Databricks itself makes. */
  managedBy?: string;
}

export interface Identity {
  id: string;
  name: string;
  location: string;
  tags: Record<string, string>;
  principalId: string;
  clientId: string;
  createdMs: number;
}

export interface RoleAssignment {
  id: string;
  name: string;
  scope: string;
  roleDefinitionId: string;
  principalId: string;
  principalType: string;
  description?: string;
  condition?: string;
  conditionVersion?: string;
  createdBy: string;
  createdMs: number;
}

export interface Caller {
  oid: string;
  applicationId: string;
}

export interface Workspace {
  id: string;
  name: string;
  group: string;
  location: string;
  sku: string;
  tags: Record<string, string>;
  /** What the PUT asked for, returned as it came. */
  wish: Record<string, unknown>;
  managedResourceGroupId: string;
  /** A number in digits, as Databricks shows it in URLs and headers. */
  workspaceId: string;
  state: 'creating' | 'succeeded' | 'failed' | 'deleting';
  /** Of the creation or deletion that is going on, or was the last. */
  operationId: string;
  host?: string;
  createdBy: Caller;
  createdMs: number;
  updatedBy: Caller;
  updatedMs: number;
}

export interface Operation {
  id: string;
  kind: 'create' | 'delete';
  /** Of the workspace. */
  resourceId: string;
  startedMs: number;
  /** When it ends; an operation without one never does. */
  dueMs?: number;
  /** A deletion that leaves the managed group, where the data of the workspace's own catalog are. */
  retains?: boolean;
  /** How it is bound to end; success when left out. */
  failure?: { code: string; message: string };
  /** Bound to end as cancelled, not as failed. */
  cancels?: boolean;
  /** What it is shown as while it runs, instead of the usual words. */
  shownAs?: string;
  status: 'running' | 'succeeded' | 'failed';
}

/** Everything the emulator remembers, each collection keyed by the resource id in lower case. */
export interface ArmState {
  groups: Collection<ResourceGroup>;
  identities: Collection<Identity>;
  assignments: Collection<RoleAssignment>;
  /** Which of the app's own assignments have been made already. */
  granted: Collection<true>;
  workspaces: Collection<Workspace>;
  operations: Collection<Operation>;
  scenarios: Collection<Scenario>;
}

/** What every resource type works with. */
export interface ArmContext {
  subscriptionId: string;
  tenantId: string;
  clock: Clock;
  state: ArmState;
  replicationSeconds: number;
}

export const armState = (store: Store): ArmState => ({
  groups: store.collection('azure.groups'),
  identities: store.collection('azure.identities'),
  assignments: store.collection('azure.roleAssignments'),
  granted: store.collection('azure.granted'),
  workspaces: store.collection('azure.workspaces'),
  operations: store.collection('azure.operations'),
  scenarios: store.collection('azure.scenarios'),
});

/** Resource ids are equal without regard to case. */
export const keyOf = (id: string): string => id.toLowerCase().replace(/\/+$/, '');

/** Whether `id` is the scope itself or something below it. */
export function isWithin(id: string, scope: string): boolean {
  const [inner, outer] = [keyOf(id), keyOf(scope)];
  return inner === outer || inner.startsWith(`${outer}/`);
}

/** A time as ARM writes it. */
export const isoTime = (ms: number): string => new Date(ms).toISOString();
