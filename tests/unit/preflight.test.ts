import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { nodeSizeOf } from '../../domain/nodeTypes.ts';
import { failureIn, type Finding, warningsIn } from '../../domain/preflight.ts';
import { clusterNeeds } from '../../domain/preflightNeeds.ts';
import { judgeQuota, judgeRuntimes } from '../../domain/preflightQuota.ts';
import { grants } from '../../domain/preflightRoles.ts';
import { judgeSubscription, type SubscriptionFacts, type WorkspaceFact } from '../../domain/preflightSubscription.ts';
import { parseRequest } from '../../domain/request.ts';
import { isOutOfSupport, nearestOffered, supportEndOf } from '../../domain/runtimes.ts';
import type { Deployment } from '../../domain/steps.ts';

const subscriptionId = '11111111-2222-4333-8444-555555555555';
const clientId = '99999999-8888-4777-8666-555555555555';
const at = '2026-03-01T12:00:00.000Z';
const place = { location: 'westeurope', subscriptionId };
const shipped = 'predicting-implied-volatility';
const t4 = 'Standard NCASv3_T4 Family';

const contributor = {
  actions: ['*'],
  notActions: ['Microsoft.Authorization/*/delete', 'Microsoft.Authorization/*/write'],
};
const accessAdministrator = { actions: ['*/read', 'Microsoft.Authorization/roleAssignments/write'], notActions: [] };

const usages = [
  { name: 'cores', limit: 100, currentValue: 0 },
  { name: 'standardDADSv5Family', limit: 100, currentValue: 0 },
  { name: t4, limit: 64, currentValue: 0 },
];
const registered = { value: { registrationState: 'Registered', locations: ['westeurope', 'northeurope'] } };

/** Facts of a subscription in which everything is right, with changes. */
const factsWith = (changes: Partial<SubscriptionFacts> = {}): SubscriptionFacts => ({
  groupExists: { value: true },
  providers: { 'Microsoft.Databricks': registered, 'Microsoft.ManagedIdentity': registered },
  permissions: { value: [contributor, accessAdministrator] },
  workspace: { value: undefined },
  identityExists: { value: false },
  usages: { value: usages },
  ...changes,
});

const workspace: WorkspaceFact = {
  resourceId: `/subscriptions/${subscriptionId}/resourceGroups/rg/providers/Microsoft.Databricks/workspaces/dbw`,
  location: 'westeurope',
  sku: 'premium',
  provisioningState: 'Succeeded',
  ours: false,
  host: 'adb-1.1.azuredatabricks.net',
};

function deploymentOf(more: object = {}): Deployment {
  const parsed = parseRequest({ resourceGroup: 'rg', workspaceName: 'dbw', ...more });
  if ('faults' in parsed) throw new Error(JSON.stringify(parsed.faults));
  const accelerator = { repositoryUrl: 'https://github.com/a/b', branch: 'main' };
  const { request } = parsed;
  return { id: 'id', attempt: 1, stamp: 's', subscriptionId, request, location: 'westeurope', accelerator };
}

const judged = (facts: SubscriptionFacts, more: object = {}, when = at): Finding[] =>
  judgeSubscription(facts, { deployment: deploymentOf(more), clientId, at: when });
const codesOf = (findings: Finding[]): string[] => findings.map(({ severity, code }) => `${severity} ${code}`);

describe('the clusters of the shipped accelerator', () => {
  const [runme, notebooks] = clusterNeeds(shipped, {});

  test('are those of its job template', () => {
    const template = JSON.parse(
      readFileSync(new URL('../../notebooks/job-template.json', import.meta.url), 'utf8'),
    ) as {
      job_clusters: { new_cluster: { spark_version: string; node_type_id: string; num_workers: number } }[];
    };
    const cluster = template.job_clusters[0]?.new_cluster;
    expect(runme).toEqual({
      cluster: 'RUNME',
      sparkVersion: cluster?.spark_version,
      nodeType: cluster?.node_type_id,
      workers: cluster?.num_workers,
    });
  });

  test('are those of the widgets of RUNME', () => {
    const source = readFileSync(new URL('../../notebooks/RUNME.py', import.meta.url), 'utf8');
    const widget = (name: string): string | undefined =>
      new RegExp(`widgets\\.text\\("${name}", "([^"]*)"`).exec(source)?.[1];
    expect(notebooks).toEqual({
      cluster: 'notebooks',
      sparkVersion: widget('spark_version'),
      nodeType: widget('node_type_id'),
      workers: Number(widget('num_workers')),
    });
  });

  test('are the notebooks’ as the request wishes; another accelerator’s are not guessed', () => {
    const wish = { sparkVersion: '15.4.x-cpu-ml-scala2.12', nodeType: 'Standard_D8ads_v5', workers: 0 };
    expect(clusterNeeds(shipped, wish)[1]).toEqual({ cluster: 'notebooks', ...wish });
    expect(clusterNeeds('another', {})).toEqual([{ cluster: 'RUNME' }, { cluster: 'notebooks' }]);
    expect(clusterNeeds('another', wish)[1]).toEqual({ cluster: 'notebooks', ...wish });
  });

  test('are not those of a repository that uses the companion library and has the same name in the catalogue', () => {
    const deployment = deploymentOf();
    const accelerator = { ...deployment.accelerator, companion: true };
    const noGpus = factsWith({ usages: { value: usages.map((usage) => ({ ...usage, limit: 1 })) } });
    const findings = judgeSubscription(noGpus, { deployment: { ...deployment, accelerator }, clientId, at });
    expect(codesOf(findings)).toEqual(['warning CLUSTERS_UNKNOWN', 'warning CLUSTERS_UNKNOWN']);
  });
});

describe('a node type', () => {
  test.each([
    ['Standard_NC4as_T4_v3', 4, 'standardncasv3_t4family'],
    ['Standard_NC64as_T4_v3', 64, 'standardncasv3_t4family'],
    ['Standard_NC24ads_A100_v4', 24, 'standardncadsa100v4family'],
    ['Standard_NC6s_v3', 6, 'standardncsv3family'],
    ['Standard_D4ads_v5', 4, 'standarddadsv5family'],
    ['Standard_D8ds_v5', 8, 'standardddsv5family'],
    ['Standard_D4s_v3', 4, 'standarddsv3family'],
    ['Standard_DS3_v2', 4, 'standarddsv2family'],
    ['Standard_D14_v2', 16, 'standarddv2family'],
    ['Standard_E8as_v4', 8, 'standardeasv4family'],
    ['Standard_F4s_v2', 4, 'standardfsv2family'],
    ['Standard_L8s_v2', 8, 'standardlsv2family'],
  ])('%s has %i cores of the quota %s', (nodeType, vCpus, family) => {
    expect(nodeSizeOf(nodeType)).toEqual({ vCpus, family });
  });

  test.each(['Standard_D4ads_v6', 'Standard_E4-2ds_v5', 'Standard_B4ms', 'Standard_DS99_v2', 'i3.xlarge', ''])(
    '%s follows no rule that is known',
    (nodeType) => {
      expect(nodeSizeOf(nodeType)).toBeUndefined();
    },
  );
});

describe('a runtime', () => {
  test.each([
    ['13.3.x-gpu-ml-scala2.12', '2026-08-22'],
    ['15.4.x-scala2.12', '2027-08-19'],
    ['17.3.x-cpu-ml-scala2.13', '2028-10-22'],
    ['18.0.x-scala2.13', '2029-06-10'],
    ['12.2.x-scala2.12', undefined],
    ['custom:mine', undefined],
  ])('%s is supported until %s', (key, end) => {
    expect(supportEndOf(key)).toBe(end);
  });

  test('is out of support from the day on which it ends', () => {
    expect(isOutOfSupport('13.3.x-gpu-ml-scala2.12', '2026-08-21T23:59:59Z')).toBe(false);
    expect(isOutOfSupport('13.3.x-gpu-ml-scala2.12', '2026-08-22T00:00:00Z')).toBe(true);
    expect(isOutOfSupport('unknown', '2030-01-01T00:00:00Z')).toBe(false);
    const warned = (when: string): string[] => codesOf(judgeRuntimes(clusterNeeds(shipped, {}), when));
    expect(warned('2026-08-21T00:00:00Z')).toEqual([]);
    expect(warned('2026-11-01T00:00:00Z')).toEqual(['warning RUNTIME_UNSUPPORTED']);
  });

  test('that is not offered is answered with the nearest of its kind', () => {
    const offered = [
      '17.3.x-gpu-ml-scala2.13',
      '15.4.x-scala2.12',
      '16.4.x-gpu-ml-scala2.12',
      '15.4.x-gpu-ml-scala2.12',
      '15.4.x-cpu-ml-scala2.12',
    ];
    expect(nearestOffered('13.3.x-gpu-ml-scala2.12', offered)).toBe('15.4.x-gpu-ml-scala2.12');
    expect(nearestOffered('15.5.x-gpu-ml-scala2.12', offered)).toBe('16.4.x-gpu-ml-scala2.12');
    expect(nearestOffered('99.9.x-scala2.13', offered)).toBe('15.4.x-scala2.12');
    expect(nearestOffered('13.3.x-photon-scala2.12', offered)).toBeUndefined();
  });
});

describe('a quota', () => {
  const needs = clusterNeeds(shipped, {});
  const withQuota = (name: string, limit: number, currentValue = 0): Finding[] =>
    judgeQuota(
      { value: [...usages.filter((usage) => usage.name !== name), { name, limit, currentValue }] },
      needs,
      place,
    );

  test('that has room says nothing', () => {
    expect(withQuota(t4, 20)).toEqual([]);
  });

  test.each([0, 19])('of %i cores is too low for five nodes of four, with the command that raises it', (limit) => {
    const [finding, ...others] = withQuota(t4, limit);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ severity: 'error', code: 'QUOTA_TOO_LOW', pointer: '/compute' });
    expect(finding?.message).toBe(
      `The quota ${t4} in westeurope is ${limit}; the cluster of notebooks needs 20 cores.`,
    );
    expect(finding?.hint).toBe(
      `az quota update --resource-name "${t4}" --scope /subscriptions/${subscriptionId}/providers/Microsoft.Compute/locations/westeurope --resource-type dedicated --limit-object value=20`,
    );
  });

  test('that others use is a warning, because they may stop', () => {
    expect(codesOf(withQuota(t4, 20, 4))).toEqual(['warning QUOTA_IN_USE']);
  });

  test('of all families together counts too: for the largest cluster as an error, for both as a warning', () => {
    expect(codesOf(withQuota('cores', 10))).toEqual(['error QUOTA_TOO_LOW']);
    expect(codesOf(withQuota('cores', 22))).toEqual(['warning QUOTA_IN_USE']);
    expect(codesOf(withQuota('cores', 24))).toEqual([]);
    expect(codesOf(withQuota('cores', -1))).toEqual([]);
  });

  test('of one family for both clusters has to hold the larger', () => {
    const both = clusterNeeds(shipped, { nodeType: 'Standard_D4ads_v5', workers: 1 });
    const limited = (limit: number): Finding[] =>
      judgeQuota(
        {
          value: [
            { name: 'cores', limit: 100, currentValue: 0 },
            { name: 'standardDADSv5Family', limit, currentValue: 0 },
          ],
        },
        both,
        place,
      );
    expect(codesOf(limited(7))).toEqual(['error QUOTA_TOO_LOW']);
    expect(codesOf(limited(8))).toEqual(['warning QUOTA_IN_USE']);
    expect(codesOf(limited(12))).toEqual([]);
  });

  test('that is not known, not listed or not readable is a warning', () => {
    expect(codesOf(judgeQuota({ value: usages }, clusterNeeds(shipped, { nodeType: 'Standard_X1' }), place))).toEqual([
      'warning NODE_TYPE_UNKNOWN',
    ]);
    expect(codesOf(judgeQuota({ value: usages.slice(0, 2) }, needs, place))).toEqual(['warning NODE_TYPE_UNKNOWN']);
    expect(codesOf(judgeQuota({ unread: 'Not allowed.' }, needs, place))).toEqual(['warning NOT_CHECKED']);
    expect(codesOf(judgeQuota({ value: usages }, clusterNeeds('another', {}), place))).toEqual([
      'warning CLUSTERS_UNKNOWN',
      'warning CLUSTERS_UNKNOWN',
    ]);
  });
});

describe('what Azure says of the target', () => {
  test('is no finding when all is right', () => {
    expect(judged(factsWith())).toEqual([]);
    expect(judged(factsWith({ workspace: { value: workspace }, identityExists: { value: true } }))).toEqual([]);
  });

  test('names a missing group with the command that makes it, and nothing that follows from it', () => {
    const missing = factsWith({ groupExists: { value: false }, permissions: { unread: 'no such group' } });
    expect(judged(missing)).toMatchObject([
      {
        code: 'RESOURCE_GROUP_MISSING',
        hint: `az group create --name rg --location westeurope --subscription ${subscriptionId}`,
      },
    ]);
  });

  test.each([
    ['NotRegistered', 'error PROVIDER_NOT_REGISTERED', 'az provider register --namespace Microsoft.Databricks'],
    ['Unregistered', 'error PROVIDER_NOT_REGISTERED', 'az provider register --namespace Microsoft.Databricks'],
    ['Registering', 'warning PROVIDER_REGISTERING', 'az provider show --namespace Microsoft.Databricks'],
  ])('takes a provider that is %s for %s', (registrationState, code, command) => {
    const provider = { value: { registrationState, locations: [] } };
    const facts = factsWith({
      providers: { 'Microsoft.Databricks': provider, 'Microsoft.ManagedIdentity': registered },
    });
    expect(codesOf(judged(facts))).toEqual([code]);
    expect(judged(facts)[0]?.hint).toContain(command);
    // Nothing of it is going to be made.
    expect(judged({ ...facts, workspace: { value: workspace } })).toEqual([]);
  });

  test('names a location that is not offered', () => {
    const elsewhere = { value: { registrationState: 'Registered', locations: ['eastus'] } };
    const providers = { 'Microsoft.Databricks': elsewhere, 'Microsoft.ManagedIdentity': registered };
    const [finding] = judged(factsWith({ providers }));
    expect(finding).toMatchObject({ code: 'LOCATION_NOT_OFFERED', pointer: '/location' });
    expect(finding?.message).toBe('Microsoft.Databricks/workspaces is not offered in westeurope.');
  });

  test.each([
    ['of another, when the request says fail', {}, { ifExists: 'fail' }, ['error WORKSPACE_EXISTS']],
    ['of another and standard', { sku: 'standard' }, {}, ['error WORKSPACE_NOT_PREMIUM']],
    ['of another that failed', { provisioningState: 'Failed' }, {}, ['error WORKSPACE_FAILED']],
    ['of ours', { ours: true }, { ifExists: 'fail' }, []],
    ['of ours that failed, which is made anew', { ours: true, provisioningState: 'Failed' }, {}, []],
    ['of ours that somebody cancelled, which is made anew', { ours: true, provisioningState: 'Canceled' }, {}, []],
    ['of another that somebody cancelled', { provisioningState: 'Canceled' }, {}, ['error WORKSPACE_FAILED']],
    ['of ours that is being deleted', { ours: true, provisioningState: 'Deleting' }, {}, ['error WORKSPACE_FAILED']],
    ['of another that is being made', { provisioningState: 'Creating' }, {}, []],
  ])('judges a workspace %s', (_what, change, more, codes) => {
    expect(codesOf(judged(factsWith({ workspace: { value: { ...workspace, ...change } } }), more))).toEqual(codes);
  });

  test('misses the subnets of a virtual network only for a workspace that is to be made', () => {
    const virtualNetworkId = `/subscriptions/${subscriptionId}/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/hub`;
    const deployment: Deployment = { ...deploymentOf(), network: { virtualNetworkId } };
    const judge = (facts: SubscriptionFacts): Finding[] => judgeSubscription(facts, { deployment, clientId, at });
    const [finding, ...others] = judge(factsWith());
    expect(finding).toMatchObject({ severity: 'error', code: 'NETWORK_INCOMPLETE', pointer: '/network' });
    expect(finding?.hint).toContain('publicSubnet');
    expect(others).toEqual([]);
    expect(judge(factsWith({ workspace: { value: workspace } }))).toEqual([]);
  });

  test('names each missing role once, with the command that gives it', () => {
    const [contribute, assign, ...others] = judged(factsWith({ permissions: { value: [] } }));
    expect(others).toEqual([]);
    const scope = `/subscriptions/${subscriptionId}/resourceGroups/rg`;
    expect(contribute).toMatchObject({
      code: 'ROLE_MISSING',
      hint: `az role assignment create --assignee ${clientId} --role "Contributor" --scope ${scope}`,
    });
    expect(contribute?.message).toContain('Microsoft.Databricks/workspaces/write');
    expect(assign?.hint).toBe(
      `az role assignment create --assignee ${clientId} --role "Role Based Access Control Administrator" --scope ${scope}`,
    );
    expect(codesOf(judged(factsWith({ permissions: { value: [contributor] } })))).toEqual(['error ROLE_MISSING']);
  });

  test('lets a role on the workspace itself do for what concerns the workspace', () => {
    const facts = factsWith({
      workspace: { value: workspace },
      identityExists: { value: true },
      permissions: { value: [{ actions: ['Microsoft.ManagedIdentity/*/read'], notActions: [] }] },
    });
    expect(codesOf(judged(facts))).toEqual(['error ROLE_MISSING']);
    const own = { value: [{ actions: ['*'], notActions: [] }] };
    expect(judged({ ...facts, workspacePermissions: own })).toEqual([]);
    expect(judged({ ...facts, workspacePermissions: { unread: 'Not allowed.' } })).toEqual([]);
  });

  test('misses no role to read what was read, whatever scope gave it', () => {
    const assign = { actions: ['Microsoft.Authorization/roleAssignments/write'], notActions: [] };
    const facts = factsWith({
      workspace: { value: workspace },
      identityExists: { value: true },
      permissions: { value: [] },
      workspacePermissions: { value: [assign] },
    });
    expect(judged(facts)).toEqual([]);
    expect(codesOf(judged({ ...facts, identityExists: { unread: 'Not allowed.' } }))).toEqual([
      'warning NOT_CHECKED',
      'error ROLE_MISSING',
    ]);
  });

  test('is warned about where nobody may look, and never an error', () => {
    const unread = { unread: 'The client may not read this.' };
    const findings = judged({
      groupExists: unread,
      providers: { 'Microsoft.Databricks': unread, 'Microsoft.ManagedIdentity': unread },
      permissions: unread,
      workspace: unread,
      identityExists: unread,
      usages: unread,
    });
    expect(codesOf(findings)).toEqual(Array.from({ length: 7 }, () => 'warning NOT_CHECKED'));
    for (const { message, hint } of findings) {
      expect(message).toContain(unread.unread);
      expect(hint).toMatch(/^Look yourself: az /);
    }
  });
});

test('an action is granted by a pattern of one role that the same role does not exclude', () => {
  expect(grants([contributor], 'Microsoft.Databricks/workspaces/write')).toBe(true);
  expect(grants([contributor], 'microsoft.authorization/roleAssignments/WRITE')).toBe(false);
  expect(grants([contributor, accessAdministrator], 'Microsoft.Authorization/roleAssignments/write')).toBe(true);
  expect(grants([{ actions: ['Microsoft.Databricks/*/read'], notActions: [] }], 'MicrosoftXDatabricks/a/read')).toBe(
    false,
  );
});

describe('findings', () => {
  const error = (code: 'QUOTA_TOO_LOW' | 'ROLE_MISSING', message: string): Finding => ({
    severity: 'error',
    code,
    message,
    hint: `mend ${code}`,
  });
  const warning = (message: string): Finding => ({ severity: 'warning', code: 'NOT_CHECKED', message, hint: 'look' });

  test('become one failure: the first code, the words and commands of all', () => {
    const failure = failureIn([warning('w'), error('QUOTA_TOO_LOW', 'One.'), error('ROLE_MISSING', 'Two.')])?.failure;
    expect(failure).toEqual({
      code: 'QUOTA_TOO_LOW',
      message: 'One. Two.',
      retryable: false,
      cause: 'mend QUOTA_TOO_LOW\nmend ROLE_MISSING',
    });
    expect(failureIn([warning('w')])).toBeUndefined();
  });

  test('keep their warnings once, few and short', () => {
    const many = Array.from({ length: 30 }, (_, i) => warning(`${i} ${'x'.repeat(1000)}`));
    const kept = warningsIn([...many, ...many, error('ROLE_MISSING', 'x')]);
    expect(kept).toHaveLength(8);
    expect(JSON.stringify(kept).length).toBeLessThan(4500);
    expect(warningsIn([warning('a'), warning('a')])).toEqual([{ code: 'NOT_CHECKED', message: 'a', hint: 'look' }]);
  });
});
