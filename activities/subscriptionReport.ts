import { isRestError } from '@azure/core-rest-pipeline';
import * as v from 'valibot';
import { readArm } from '../clients/arm.ts';
import { remoteCodeOf } from '../clients/armFailure.ts';
import { endpointSettings } from '../clients/settings.ts';
import { RetryableError } from '../domain/errors.ts';
import { identityNameFor, ownerTag } from '../domain/ids.ts';
import type { Read } from '../domain/preflight.ts';
import type { Usage } from '../domain/preflightQuota.ts';
import { grants, type Permission, workspaceActions } from '../domain/preflightRoles.ts';
import {
  judgeSubscription,
  type Namespace,
  neededProviders,
  type ProviderFact,
  type SubscriptionFacts,
  type WorkspaceFact,
} from '../domain/preflightSubscription.ts';
import type { CheckInput, Deployment, SubscriptionReport } from '../domain/steps.ts';
import { type Readings, settled } from './readings.ts';

const text = v.optional(v.nullable(v.string()));
const names = v.optional(v.nullable(v.array(v.string())));

const provider = v.object({
  registrationState: v.string(),
  resourceTypes: v.optional(v.array(v.object({ resourceType: v.string(), locations: names })), []),
});
const permissions = v.object({ nextLink: text, value: v.array(v.object({ actions: names, notActions: names })) });
const usages = v.object({
  value: v.array(v.object({ currentValue: v.number(), limit: v.number(), name: v.object({ value: text }) })),
});
const workspace = v.object({
  id: v.string(),
  location: v.string(),
  sku: v.optional(v.object({ name: v.string() })),
  tags: v.optional(v.nullable(v.record(v.string(), v.string()))),
  properties: v.object({ provisioningState: v.string(), workspaceUrl: text }),
});

/** Reads what Azure says of the target, side by side, and judges it; writes nothing. */
export async function subscriptionReport(
  { at, ...deployment }: CheckInput,
  readings: Readings,
): Promise<SubscriptionReport> {
  const facts = await readFacts(deployment, readings);
  const { AZURE_CLIENT_ID: clientId } = endpointSettings();
  const there = 'value' in facts.workspace ? facts.workspace.value : undefined;
  return {
    findings: judgeSubscription(facts, { deployment, clientId, at }),
    workspace: 'unread' in facts.workspace ? 'unknown' : (there ?? 'missing'),
    identity: 'unread' in facts.identityExists ? 'unknown' : facts.identityExists.value ? 'there' : 'missing',
  };
}

async function readFacts(deployment: Deployment, readings: Readings): Promise<SubscriptionFacts> {
  const { subscriptionId, request } = deployment;
  const root = `/subscriptions/${subscriptionId}`;
  const group = `${root}/resourceGroups/${request.resourceGroup}`;
  const identity = request.identityName ?? identityNameFor(request.workspaceName);
  const [groupExists, databricks, managedIdentity, onGroup, place, identityExists] = await settled([
    readings.read(() => exists(group, '2021-04-01')),
    readings.read(() => readProvider(root, 'Microsoft.Databricks')),
    readings.read(() => readProvider(root, 'Microsoft.ManagedIdentity')),
    readings.read(() => readPermissions(group)),
    readPlace(deployment, root, group, readings),
    readings.read(() =>
      exists(`${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${identity}`, '2023-01-31'),
    ),
  ] as const);
  const onWorkspace = await readOwnPermissions(place.workspace, onGroup, readings);
  return {
    groupExists,
    providers: { 'Microsoft.Databricks': databricks, 'Microsoft.ManagedIdentity': managedIdentity },
    permissions: onGroup,
    ...(onWorkspace && { workspacePermissions: onWorkspace }),
    workspace: place.workspace,
    identityExists,
    usages: place.usages,
  };
}

/** The workspace, and the quotas of where it is, or is going to be. */
async function readPlace(
  { id, location, request }: Deployment,
  root: string,
  group: string,
  readings: Readings,
): Promise<{ workspace: Read<WorkspaceFact | undefined>; usages: Read<Usage[]> }> {
  const path = `${group}/providers/Microsoft.Databricks/workspaces/${request.workspaceName}`;
  const found = await readings.read(() => readWorkspace(path, id));
  const where = ('value' in found && found.value?.location) || location;
  const quotas = await readings.read(() => readUsages(`${root}/providers/Microsoft.Compute/locations/${where}/usages`));
  return { workspace: found, usages: quotas };
}

/** What the roles on an existing workspace add, where those on its group are not enough. */
async function readOwnPermissions(
  found: Read<WorkspaceFact | undefined>,
  onGroup: Read<Permission[]>,
  readings: Readings,
): Promise<Read<Permission[]> | undefined> {
  if ('unread' in found || !found.value || 'unread' in onGroup) return undefined;
  const { resourceId } = found.value;
  if (workspaceActions.every((action) => grants(onGroup.value, action))) return undefined;
  return readings.read(() => readPermissions(resourceId));
}

const isMissing = (error: unknown): boolean =>
  isRestError(error) && error.statusCode === 404 && /^Resource(?:Group)?NotFound$|^NotFound$/.test(remoteCodeOf(error));

async function exists(path: string, apiVersion: string): Promise<boolean> {
  return (await readArm(path, apiVersion, v.object({ id: v.string() }), isMissing)) !== undefined;
}

async function readProvider(root: string, namespace: Namespace): Promise<ProviderFact> {
  const read = await readArm(`${root}/providers/${namespace}`, '2021-04-01', provider);
  const { registrationState = '', resourceTypes = [] } = read ?? {};
  const type = resourceTypes.find(
    ({ resourceType }) => resourceType.toLowerCase() === neededProviders[namespace].toLowerCase(),
  );
  return { registrationState, locations: (type?.locations ?? []).map(locationKey) };
}

/** ARM lists locations by their names for people, `West Europe`. */
const locationKey = (name: string): string => name.replaceAll(' ', '').toLowerCase();

async function readPermissions(scope: string): Promise<Permission[]> {
  const path = `${scope}/providers/Microsoft.Authorization/permissions`;
  const read = await readArm(path, '2022-04-01', permissions);
  // A role that was not seen would be held to be missing.
  if (read?.nextLink) throw new RetryableError('ANSWER_INVALID', 'Azure told only a part of the roles.');
  return (read?.value ?? []).map(({ actions, notActions }) => ({
    actions: actions ?? [],
    notActions: notActions ?? [],
  }));
}

async function readUsages(path: string): Promise<Usage[]> {
  const read = await readArm(path, '2024-07-01', usages);
  return (read?.value ?? []).map(({ name, limit, currentValue }) => ({ name: name.value ?? '', limit, currentValue }));
}

async function readWorkspace(path: string, id: string): Promise<WorkspaceFact | undefined> {
  const read = await readArm(path, '2026-01-01', workspace, isMissing);
  if (!read) return undefined;
  const { provisioningState, workspaceUrl } = read.properties;
  return {
    resourceId: read.id,
    location: locationKey(read.location),
    sku: read.sku?.name.toLowerCase() ?? '',
    provisioningState,
    ours: read.tags?.[ownerTag] === id,
    ...(provisioningState === 'Succeeded' && workspaceUrl && { host: workspaceUrl }),
  };
}
