import { describe, expect, test } from 'vitest';
import { firstOf, ofType, type PredictedResource, readSnapshot, snapshotNames } from '../support/infra.ts';

interface Rule {
  name: string;
  /** What is wrong with what a template makes, if anything. */
  faults: (resources: PredictedResource[]) => string[];
  /** Breaks the rule, by which it is seen to work. */
  breaks: ((resources: PredictedResource[]) => void)[];
}

const storage = 'Microsoft.Storage/storageAccounts';
const site = 'Microsoft.Web/sites';
const roleAssignment = 'Microsoft.Authorization/roleAssignments';
const contributor = 'b24988ac-6180-42a0-ab88-20f7382dd24c';
const administrator = 'f58310d9-a9f6-439a-9e8d-f62e7b41a168';

/** Where the resources of a type do not have the values, which are given by their paths. */
function unlike(resources: PredictedResource[], type: string, wanted: Record<string, unknown>): string[] {
  return ofType(resources, type).flatMap((resource) =>
    Object.entries(wanted)
      .filter(([path, value]) => valueAt(resource, path) !== value)
      .map(([path]) => `${resource.name}: ${path} is ${JSON.stringify(valueAt(resource, path))}`),
  );
}

const valueAt = (value: unknown, path: string): unknown => at(value, path.split('.'));

const at = (value: unknown, keys: string[]): unknown =>
  keys.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);

function set(resource: PredictedResource, path: string, value: unknown): void {
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  (at(resource, keys) as Record<string, unknown>)[last] = value;
}

/** Values that all resources of a type have to have, each of which is missed when it is another. */
const fixed = (name: string, type: string, wanted: Record<string, unknown>): Rule => ({
  name,
  faults: (resources) => unlike(resources, type, wanted),
  breaks: Object.entries(wanted).map(([path, value]) => (resources: PredictedResource[]) => {
    set(firstOf(resources, type), path, typeof value === 'boolean' ? !value : 'other');
  }),
});

const roleOf = ({ properties }: PredictedResource): string =>
  String(properties.roleDefinitionId).split('/').at(-1) ?? '';

const rules: Rule[] = [
  fixed('storage takes no shared key, no public blob and TLS 1.2 at least', storage, {
    'properties.allowSharedKeyAccess': false,
    'properties.allowBlobPublicAccess': false,
    'properties.minimumTlsVersion': 'TLS1_2',
    'properties.supportsHttpsTrafficOnly': true,
    'properties.defaultToOAuthAuthentication': true,
    'properties.allowCrossTenantReplication': false,
  }),
  fixed('no container is public', `${storage}/blobServices/containers`, { 'properties.publicAccess': 'None' }),
  fixed('the app takes HTTPS with TLS 1.2 at least, no FTP and no debugger', site, {
    'properties.httpsOnly': true,
    'properties.siteConfig.minTlsVersion': '1.2',
    'properties.siteConfig.scmMinTlsVersion': '1.2',
    'properties.siteConfig.ftpsState': 'Disabled',
    'properties.siteConfig.remoteDebuggingEnabled': false,
    'properties.functionAppConfig.deployment.storage.authentication.type': 'UserAssignedIdentity',
    'identity.type': 'UserAssigned',
  }),
  {
    name: 'nobody publishes with a password',
    faults: (resources) =>
      ofType(resources, site).flatMap((app) =>
        ['ftp', 'scm']
          .filter(
            (way) =>
              !resources.some(
                ({ name, type, properties }) =>
                  type === `${site}/basicPublishingCredentialsPolicies` &&
                  name === `${app.name}/${way}` &&
                  properties.allow === false,
              ),
          )
          .map((way) => `${app.name}: ${way}`),
      ),
    breaks: ['ftp', 'scm'].map((way) => (resources: PredictedResource[]) => {
      const policy = resources.find(({ name }) => name.endsWith(`/${way}`));
      if (policy) set(policy, 'properties.allow', true);
    }),
  },
  fixed('telemetry takes tokens alone: Application Insights', 'Microsoft.Insights/components', {
    'properties.DisableLocalAuth': true,
  }),
  fixed('telemetry takes tokens alone: Log Analytics', 'Microsoft.OperationalInsights/workspaces', {
    'properties.features.disableLocalAuth': true,
  }),
  fixed('the plan costs nothing at rest, and the smallest size is asked for', 'Microsoft.Web/serverfarms', {
    'sku.name': 'FC1',
    'properties.reserved': true,
  }),
  fixed('an instance has 512 MB', site, {
    'properties.functionAppConfig.scaleAndConcurrency.instanceMemoryMB': 512,
    'properties.functionAppConfig.scaleAndConcurrency.alwaysReady': undefined,
  }),
  // Azure refuses a capacity with Consumption, and an empty list of addresses lets nobody in.
  fixed('the scheduler is one of Consumption, which can be reached', 'Microsoft.DurableTask/schedulers', {
    'properties.sku.name': 'Consumption',
    'properties.sku.capacity': undefined,
    'properties.ipAllowlist.0': '0.0.0.0/0',
  }),
  fixed('roles are given to service principals alone', roleAssignment, {
    'properties.principalType': 'ServicePrincipal',
  }),
  {
    name: 'a role assignment is named by its scope, its principal and its role',
    faults: (resources) =>
      ofType(resources, roleAssignment)
        .filter(
          (assignment) =>
            !new RegExp(
              `^\\[guid\\('/subscriptions/[^']+', reference\\('[^']+', '[^']+'\\)\\.principalId, '${roleOf(assignment)}'\\)\\]$`,
            ).test(assignment.name),
        )
        .map(({ name }) => name),
    breaks: [
      (resources) => set(firstOf(resources, roleAssignment), 'name', `[guid('/subscriptions/x', '${contributor}')]`),
      (resources) => set(firstOf(resources, roleAssignment), 'properties.roleDefinitionId', `x/${contributor}`),
    ],
  },
  {
    name: 'who may grant roles may grant one, to service principals: by a condition on giving and on taking away',
    faults: (resources) =>
      ofType(resources, roleAssignment)
        .filter((assignment) => roleOf(assignment) === administrator)
        .filter(({ properties }) => properties.conditionVersion !== '2.0' || !limitsGrants(properties.condition))
        .map(({ name }) => name),
    breaks: [
      ...['condition', 'conditionVersion'].map((key) => (resources: PredictedResource[]) => {
        for (const { properties } of ofType(resources, roleAssignment)) delete properties[key];
      }),
      (resources) => {
        for (const { properties } of ofType(resources, roleAssignment).filter((each) => roleOf(each) === administrator))
          properties.condition = String(properties.condition).replace(contributor, `${contributor}, ${administrator}`);
      },
    ],
  },
  {
    name: 'nobody becomes Owner or User Access Administrator',
    faults: (resources) =>
      ofType(resources, roleAssignment)
        .map(roleOf)
        .filter((role) =>
          ['8e3af657-a8ff-443c-a75c-2fe8c4bcb635', '18d7d88d-d35e-4fb5-a5c3-7773c20a72d9'].includes(role),
        ),
    breaks: [
      (resources) =>
        set(
          firstOf(resources, roleAssignment),
          'properties.roleDefinitionId',
          'x/8e3af657-a8ff-443c-a75c-2fe8c4bcb635',
        ),
    ],
  },
  {
    name: 'no script runs in a deployment',
    faults: (resources) =>
      resources
        .filter(({ type }) => /deploymentScripts|customProviders|containerGroups/i.test(type))
        .map(({ name }) => name),
    breaks: [(resources) => set(firstOf(resources, storage), 'type', 'Microsoft.Resources/deploymentScripts')],
  },
  {
    name: 'undelivered events, which name people, do not stay',
    faults: (resources) => {
      const kept = JSON.stringify(ofType(resources, `${storage}/managementPolicies`).map((each) => each['properties']));
      return ofType(resources, 'Microsoft.EventGrid/systemTopics/eventSubscriptions')
        .map((each) => each['properties'].deadLetterWithResourceIdentity?.deadLetterDestination.properties)
        .filter((place) => place && !kept.includes(`["${place.blobContainerName}/"]`))
        .map((place) => String(place.blobContainerName));
    },
    breaks: [(resources) => set(firstOf(resources, `${storage}/managementPolicies`), 'properties.policy', {})],
  },
  {
    name: 'what can have tags has those that were asked for',
    faults: (resources) =>
      resources
        .filter(({ location, tags }) => location !== undefined && tags?.['costCentre'] !== '4711')
        .map(({ name }) => name),
    breaks: [(resources) => delete firstOf(resources, 'Microsoft.EventGrid/systemTopics').tags],
  },
];

/** Whether both halves of the condition are there, with one role and service principals, and no other role anywhere. */
function limitsGrants(condition: unknown): boolean {
  const text = String(condition).replaceAll(/\s+/g, ' ');
  const half = (action: string, source: string): boolean =>
    text.includes(
      `( (!(ActionMatches{'Microsoft.Authorization/roleAssignments/${action}'})) OR ( ` +
        `@${source}[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {${contributor}} AND ` +
        `@${source}[Microsoft.Authorization/roleAssignments:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {'ServicePrincipal'} ) )`,
    );
  const roles = text.match(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g) ?? [];
  return half('write', 'Request') && half('delete', 'Resource') && roles.every((role) => role === contributor);
}

describe.each(rules)('$name', ({ name, faults, breaks }) => {
  // The others are made without tags.
  const tagged = name.includes('tags');

  test.each(snapshotNames.filter((each) => !tagged || each === 'everything'))('in what %s makes', (snapshot) => {
    expect(faults(readSnapshot(snapshot).predictedResources)).toEqual([]);
  });

  test.each(breaks.map((each, index) => [index + 1, each] as const))('is seen to be broken (%i)', (_, each) => {
    const { predictedResources: resources } = readSnapshot('everything');
    each(resources);
    expect(faults(resources)).not.toEqual([]);
  });
});
