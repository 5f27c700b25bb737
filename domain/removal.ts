import type { Deployment, Identity, Workspace } from './steps.ts';

/** What a deletion can find, in the words that people read. */
export const removalKinds = {
  workspace: 'Databricks workspace',
  managedResourceGroup: 'managed resource group',
  identity: 'managed identity',
  roleAssignment: 'role of the identity on the workspace',
  servicePrincipal: 'identity in the workspace',
  run: 'active run',
  job: 'job',
  gitFolder: 'Git folder',
  warehouse: 'SQL warehouse',
  table: 'table',
  schema: 'schema',
  model: 'registered model',
  modelVersion: 'version of a registered model',
  experiment: 'MLflow experiment',
  mlflowRun: 'MLflow run',
  folder: 'folder of pictures',
} as const;

export interface RemovalItem {
  kind: keyof typeof removalKinds;
  name: string;
  link?: string;
}

export interface ExplainedItem extends RemovalItem {
  /** Why it is removed, or left. */
  why: string;
  /** It is the deployment's own, and left because others use it now. */
  inUse?: true;
}

/** What one step removed, and what it left though it looked like ours. */
export interface Removed {
  removed: RemovalItem[];
  kept: ExplainedItem[];
  /** What could not be looked at. */
  warnings?: string[];
}

/** What `?dryRun=true` answers. */
export interface RemovalPlan {
  remove: ExplainedItem[];
  keep: ExplainedItem[];
  /** What the lists cannot say: what goes along, and what could not be looked at. */
  warnings: string[];
}

/** What a look at all things of a deployment starts with. */
export type RemovalQuestion = Deployment & {
  /** Whether the results are to go too. */
  data: boolean;
  /** Other deployments that are running in the workspace, and may have nothing in it yet that tells of them. */
  neighbours?: string[];
};

/** What one look at all things of a deployment gives. */
export interface RemovalLook {
  plan: RemovalPlan;
  scope: RemovalScope;
  /** Why the deletion is refused: others would lose what they use. */
  refusal?: string;
}

/** What the steps of a deletion go by. */
export interface RemovalScope {
  /** The workspace's API; left out when it has none, or the workspace is gone. */
  workspace?: Workspace;
  /** Whether the workspace itself is removed. */
  ownsWorkspace: boolean;
  /** The group that Databricks manages for the workspace that is removed, or was. */
  managedGroupId?: string;
  /** Whether other deployments work in the workspace. */
  shared: boolean;
}

/** Input of the steps that remove. */
export type RemoveInput = Deployment & { scope: RemovalScope };

/** Input of the steps that remove something in the workspace. */
export type RemoveInWorkspace = Deployment & { workspace: Workspace };

/** An identity as Azure shows it, with the deployment that its tag names. */
export interface SeenIdentity extends Identity {
  owner?: string;
}

/** Why a thing is removed, in one way everywhere. */
export const because = {
  tag: 'it carries this deployment\u2019s tag',
  path: 'it is at the accelerator\u2019s path in the home of the deployer\u2019s own identity',
  role: 'it has the name that only this deployer gives, and is of this deployment\u2019s identity',
  notAsked: 'results stay unless ?data=true asks for their removal',
  used: 'it was there before, and was only used',
};

/** The lists of several steps in one. */
export const allRemoved = (parts: Removed[]): Removed => ({
  removed: parts.flatMap(({ removed }) => removed),
  kept: parts.flatMap(({ kept }) => kept),
  warnings: parts.flatMap(({ warnings = [] }) => warnings),
});
