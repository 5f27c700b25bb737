import { errorTable } from './errorTable.ts';
import { identityNameFor, portalLink } from './ids.ts';
import { isMadeAnew, isUnusable } from './provisioningState.ts';
import { lackingSubnets } from './network.ts';
import { errorIn, type Finding, notChecked, type Read, warningOf } from './preflight.ts';
import { needsOf } from './preflightNeeds.ts';
import { judgeQuota, judgeRuntimes, type Usage } from './preflightQuota.ts';
import { judgeRoles, type Permission } from './preflightRoles.ts';
import type { Deployment } from './steps.ts';

/** The resource providers of what a deployment makes in Azure, with the type whose locations count. */
export const neededProviders = {
  'Microsoft.Databricks': 'workspaces',
  'Microsoft.ManagedIdentity': 'userAssignedIdentities',
} as const;

export type Namespace = keyof typeof neededProviders;

export interface ProviderFact {
  /** As ARM tells it: Registered, Registering, NotRegistered, … */
  registrationState: string;
  /** Of the type that is needed, written as in requests: `westeurope`. */
  locations: string[];
}

export interface WorkspaceFact {
  resourceId: string;
  location: string;
  /** Its pricing tier in lower case. */
  sku: string;
  provisioningState: string;
  /** Whether this deployment made it. */
  ours: boolean;
  /** Only when it is ready. */
  host?: string;
}

/** What Azure says of the target before anything is made. */
export interface SubscriptionFacts {
  groupExists: Read<boolean>;
  providers: Record<Namespace, Read<ProviderFact>>;
  permissions: Read<Permission[]>;
  /** Of an existing workspace itself, where those of the group do not suffice. */
  workspacePermissions?: Read<Permission[]>;
  workspace: Read<WorkspaceFact | undefined>;
  identityExists: Read<boolean>;
  usages: Read<Usage[]>;
}

/** Beside the facts: who asks, and when (ISO 8601). */
export interface PreflightContext {
  deployment: Deployment;
  /** Client id of the app's identity, for the commands that give it a role. */
  clientId: string;
  at: string;
}

const valueIn = <T>(read: Read<T>): T | undefined => ('value' in read ? read.value : undefined);

/** Whether the deployment will have to make the workspace; undefined when nobody knows. */
export function makesWorkspace({ workspace }: Pick<SubscriptionFacts, 'workspace'>): boolean | undefined {
  if ('unread' in workspace) return undefined;
  const there = workspace.value;
  return !there || isMadeAnew(there.ours, there.provisioningState);
}

/** What the facts mean for the deployment: errors for what is surely wrong, warnings for what could not be seen. */
export function judgeSubscription(facts: SubscriptionFacts, context: PreflightContext): Finding[] {
  const { deployment, at } = context;
  const needs = needsOf(deployment);
  const location = valueIn(facts.workspace)?.location ?? deployment.location;
  return [
    ...judgeTarget(facts, context),
    ...judgeProviders(facts, context),
    ...judgeQuota(facts.usages, needs, { location, subscriptionId: deployment.subscriptionId }),
    ...judgeRuntimes(needs, at),
  ];
}

function judgeTarget(facts: SubscriptionFacts, context: PreflightContext): Finding[] {
  const { resourceGroup, workspaceName, ifExists, identityName } = context.deployment.request;
  const { subscriptionId, location } = context.deployment;
  const { groupExists, workspace, identityExists } = facts;
  if ('value' in groupExists && !groupExists.value) {
    const command = `az group create --name ${resourceGroup} --location ${location} --subscription ${subscriptionId}`;
    const message = `The resource group ${resourceGroup} does not exist.`;
    return [errorIn('RESOURCE_GROUP_MISSING', message, command, '/resourceGroup')];
  }
  const inGroup = `--resource-group ${resourceGroup}`;
  const findings: Finding[] = [];
  if ('unread' in groupExists)
    findings.push(
      notChecked('whether the resource group exists', groupExists, `az group show --name ${resourceGroup}`),
    );
  if ('unread' in workspace) {
    const command = `az databricks workspace show ${inGroup} --name ${workspaceName}`;
    findings.push(notChecked('whether the workspace exists', workspace, command));
  } else if (workspace.value) {
    findings.push(...judgeWorkspace(workspace.value, workspaceName, inGroup, ifExists));
  }
  if (makesWorkspace(facts) && lackingSubnets(context.deployment.network ?? {}).length > 0) {
    const message = `There is no workspace ${workspaceName}, and one in the virtual network takes two subnets of its own.`;
    findings.push(errorIn('NETWORK_INCOMPLETE', message, errorTable.NETWORK_INCOMPLETE.hint, '/network'));
  }
  if ('unread' in identityExists) {
    const command = `az identity show ${inGroup} --name ${identityName ?? identityNameFor(workspaceName)}`;
    findings.push(notChecked('whether the managed identity exists', identityExists, command));
  }
  const roles = judgeRoles(facts, context, {
    makesWorkspace: makesWorkspace(facts) === true,
    makesIdentity: valueIn(identityExists) === false,
  });
  return [...findings, ...roles];
}

function judgeWorkspace(
  { ours, sku, provisioningState, resourceId }: WorkspaceFact,
  name: string,
  inGroup: string,
  ifExists: 'use' | 'fail',
): Finding[] {
  if (!ours && ifExists === 'fail') {
    const message = `The workspace ${name} exists and the request says "ifExists": "fail".`;
    const hint = 'Send "ifExists": "use" to deploy into it, or choose another name.';
    return [errorIn('WORKSPACE_EXISTS', message, hint, '/ifExists')];
  }
  if (!ours && sku !== 'premium') {
    const message = `The workspace ${name} has the pricing tier ${sku || 'unknown'}; the accelerator needs premium.`;
    const command = `az databricks workspace update ${inGroup} --name ${name} --sku premium`;
    return [errorIn('WORKSPACE_NOT_PREMIUM', message, command, '/workspaceName')];
  }
  if (isUnusable(provisioningState) && !isMadeAnew(ours, provisioningState)) {
    const hint = `az databricks workspace show ${inGroup} --name ${name}, or ${portalLink(resourceId)}`;
    const message = `Azure reports the workspace ${name} as ${provisioningState}.`;
    return [errorIn('WORKSPACE_FAILED', message, hint, '/workspaceName')];
  }
  return [];
}

function judgeProviders(facts: SubscriptionFacts, { deployment }: PreflightContext): Finding[] {
  const makes: Record<Namespace, boolean> = {
    'Microsoft.Databricks': makesWorkspace(facts) !== false,
    'Microsoft.ManagedIdentity': valueIn(facts.identityExists) !== true,
  };
  return (Object.keys(neededProviders) as Namespace[])
    .filter((namespace) => makes[namespace])
    .flatMap((namespace) => judgeProvider(namespace, facts.providers[namespace], deployment));
}

function judgeProvider(
  namespace: Namespace,
  read: Read<ProviderFact>,
  { location, subscriptionId }: Deployment,
): Finding[] {
  const show = `az provider show --namespace ${namespace} --subscription ${subscriptionId}`;
  if ('unread' in read) {
    return [
      notChecked(`the registration of ${namespace} and its locations`, read, `${show} --query registrationState`),
    ];
  }
  const { registrationState, locations } = read.value;
  const findings: Finding[] = [];
  const registering = registrationState === 'Registering';
  if (registering) {
    const message = `The resource provider ${namespace} is being registered, which takes some minutes.`;
    findings.push(warningOf('PROVIDER_REGISTERING', message, `${show} --query registrationState`));
  } else if (registrationState !== 'Registered') {
    const message = `The subscription has the resource provider ${namespace} not registered.`;
    const command = `az provider register --namespace ${namespace} --subscription ${subscriptionId}`;
    findings.push(errorIn('PROVIDER_NOT_REGISTERED', message, command));
  }
  if (locations.length > 0 && !locations.includes(location)) {
    const type = neededProviders[namespace];
    const message = `${namespace}/${type} is not offered in ${location}.`;
    const command = `${show} --query "resourceTypes[?resourceType=='${type}'].locations[]"`;
    findings.push(errorIn('LOCATION_NOT_OFFERED', message, `Choose one of: ${command}`, '/location'));
  }
  return findings;
}
