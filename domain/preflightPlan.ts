import { acceleratorNameOf, identityNameFor, jobNameFor, managedResourceGroupFor, warehouseNameFor } from './ids.ts';
import { isMadeAnew } from './provisioningState.ts';
import { nodeSizeOf } from './nodeTypes.ts';
import type { PollingPlan } from './polling.ts';
import type { Finding } from './preflight.ts';
import { type ClusterNeed, needsOf } from './preflightNeeds.ts';
import type { WorkspaceFact } from './preflightSubscription.ts';
import type { Deployment, SubscriptionReport } from './steps.ts';

/** One thing that the deployment makes or finds. */
export interface PlannedThing {
  kind:
    | 'managedIdentity'
    | 'databricksWorkspace'
    | 'roleAssignment'
    | 'servicePrincipal'
    | 'gitFolder'
    | 'job'
    | 'sqlWarehouse';
  name: string;
  location?: string;
  detail?: string;
  /** False for what is looked up first and made only where it is missing, which nobody looked up for the plan. */
  certain: boolean;
}

/** A cluster that will run notebooks; what is not known before the repository is cloned is left out. */
export interface PlannedRun extends ClusterNeed {
  cores?: number;
}

/** What a deployment would do, without having done any of it. */
export interface DeploymentPlan {
  id: string;
  dryRun: true;
  /** Whether nothing stands against it for sure. */
  ok: boolean;
  create: PlannedThing[];
  use: PlannedThing[];
  run: PlannedRun[];
  errors: Finding[];
  warnings: Finding[];
  /** From the usual lengths of the waits in the settings. */
  estimateMinutes: { least: number; most: number };
}

/** The plan of a deployment from what was found of its target. */
export function planOf(
  deployment: Deployment,
  report: SubscriptionReport,
  findings: Finding[],
  expectedSeconds: PollingPlan['expectedSeconds'],
): DeploymentPlan {
  const { id } = deployment;
  const errors = findings.filter(({ severity }) => severity === 'error');
  const things = [...azureThings(deployment, report), ...workspaceThings(deployment, report)];
  return {
    id,
    dryRun: true,
    ok: errors.length === 0,
    create: things.filter(({ there }) => !there).map(({ thing }) => thing),
    use: things.filter(({ there }) => there).map(({ thing }) => thing),
    run: needsOf(deployment).map(withCores),
    errors,
    warnings: findings.filter(({ severity }) => severity === 'warning'),
    estimateMinutes: estimate(deployment, report, expectedSeconds),
  };
}

interface Thing {
  there: boolean;
  thing: PlannedThing;
}

const foundIn = ({ workspace }: SubscriptionReport): WorkspaceFact | undefined =>
  typeof workspace === 'string' ? undefined : workspace;

const isUsed = (workspace: WorkspaceFact | undefined): workspace is WorkspaceFact =>
  workspace !== undefined && !isMadeAnew(workspace.ours, workspace.provisioningState);

function azureThings({ id, request, location }: Deployment, report: SubscriptionReport): Thing[] {
  const identity = request.identityName ?? identityNameFor(request.workspaceName);
  const workspace = foundIn(report);
  const used = isUsed(workspace);
  const name = request.workspaceName;
  return [
    {
      there: report.identity === 'there',
      thing: { kind: 'managedIdentity', name: identity, location, certain: report.identity !== 'unknown' },
    },
    {
      there: used,
      thing: {
        kind: 'databricksWorkspace',
        name,
        location: used ? workspace.location : location,
        detail: used
          ? workspace.ours
            ? 'made by this deployment before'
            : 'used as it is, never changed'
          : `premium, with the managed resource group ${managedResourceGroupFor(name, id)}`,
        certain: report.workspace !== 'unknown',
      },
    },
    {
      there: false,
      thing: { kind: 'roleAssignment', name: 'Contributor', detail: `of ${identity} on ${name}`, certain: !used },
    },
  ];
}

function workspaceThings(deployment: Deployment, report: SubscriptionReport): Thing[] {
  const { id, request, accelerator } = deployment;
  // In a workspace that is there an earlier attempt may have left them.
  const certain = report.workspace !== 'unknown' && !isUsed(foundIn(report));
  const identity = request.identityName ?? identityNameFor(request.workspaceName);
  const things: PlannedThing[] = [
    { kind: 'servicePrincipal', name: identity, certain },
    {
      kind: 'gitFolder',
      name: acceleratorNameOf(deployment),
      detail: `${accelerator.repositoryUrl} ${accelerator.branch ?? accelerator.tag ?? ''}`.trim(),
      certain,
    },
    { kind: 'job', name: jobNameFor(acceleratorNameOf(deployment), id), certain },
  ];
  if (accelerator.verify !== false) things.push({ kind: 'sqlWarehouse', name: warehouseNameFor(id), certain });
  return things.map((thing) => ({ there: false, thing }));
}

function withCores(need: ClusterNeed): PlannedRun {
  const size = need.nodeType === undefined ? undefined : nodeSizeOf(need.nodeType);
  return size && need.workers !== undefined ? { ...need, cores: size.vCpus * (need.workers + 1) } : need;
}

/** Waits differ from day to day: three quarters to one and a half of the usual. */
function estimate(
  { accelerator }: Deployment,
  report: SubscriptionReport,
  { workspace, storage, runme, notebooks, warehouse }: PollingPlan['expectedSeconds'],
): DeploymentPlan['estimateMinutes'] {
  const azure = isUsed(foundIn(report)) ? 0 : workspace + storage;
  const minutes = (azure + runme + notebooks + (accelerator.verify === false ? 0 : warehouse)) / 60;
  return { least: Math.max(1, Math.floor(minutes * 0.75)), most: Math.max(1, Math.ceil(minutes * 1.5)) };
}
