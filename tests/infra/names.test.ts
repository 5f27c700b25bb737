import { describe, expect, test } from 'vitest';
import type { Bicep } from '../../local/setup/bicep.ts';
import { bicepTest, evaluate } from '../support/bicepCompiler.ts';
import type { PredictedResource } from '../support/infra.ts';

/** What Azure takes as a name: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules. */
const rules: Record<string, RegExp> = {
  'Microsoft.Databricks/workspaces': /^[\w-]{3,64}$/,
  'Microsoft.DurableTask/schedulers': /^[a-zA-Z0-9-]{3,64}$/,
  'Microsoft.DurableTask/schedulers/retentionPolicies': /^default$/,
  'Microsoft.DurableTask/schedulers/taskHubs': /^[a-zA-Z0-9-]{3,64}$/,
  'Microsoft.EventGrid/systemTopics': /^[a-zA-Z0-9-]{3,50}$/,
  'Microsoft.EventGrid/systemTopics/eventSubscriptions': /^[a-zA-Z0-9-]{3,64}$/,
  'Microsoft.Insights/actionGroups': /^[^:<>+/&%\\?|]{1,259}[^:<>+/&%\\?|. ]$/,
  'Microsoft.Insights/components': /^[^%&\\?/]{1,259}[^%&\\?/. ]$/,
  'Microsoft.Insights/scheduledQueryRules': /^[^*#&+:<>?@%{}\\/|]{1,259}[^*#&+:<>?@%{}\\/|. ]$/,
  'Microsoft.ManagedIdentity/userAssignedIdentities': /^[a-zA-Z0-9][\w-]{2,127}$/,
  'Microsoft.OperationalInsights/workspaces': /^[a-zA-Z0-9][a-zA-Z0-9-]{2,61}[a-zA-Z0-9]$/,
  'Microsoft.Storage/storageAccounts': /^[a-z0-9]{3,24}$/,
  'Microsoft.Storage/storageAccounts/blobServices': /^default$/,
  'Microsoft.Storage/storageAccounts/blobServices/containers': /^[a-z0-9](?:-?[a-z0-9]){2,62}$/,
  'Microsoft.Storage/storageAccounts/managementPolicies': /^default$/,
  'Microsoft.Web/serverfarms': /^[a-zA-Z0-9-]{1,40}$/,
  // Longer ones would share a host id with others that begin alike, if they shared the storage account.
  'Microsoft.Web/sites': /^[a-zA-Z0-9][a-zA-Z0-9-]{0,58}[a-zA-Z0-9]$/,
  'Microsoft.Web/sites/basicPublishingCredentialsPolicies': /^(?:ftp|scm)$/,
  'Microsoft.Web/sites/config': /^(?:appsettings|authsettingsV2)$/,
  'Microsoft.Web/sites/extensions': /^onedeploy$/,
};

/** Names that Azure would refuse; those of role assignments are GUIDs, which only Azure can make. */
const refused = (resources: PredictedResource[]): string[] =>
  resources
    .filter(({ type }) => type !== 'Microsoft.Authorization/roleAssignments')
    .filter(({ type, name }) => !rules[type]?.test(name.split('/').at(-1) ?? ''))
    .map(({ type, name }) => `${type} ${name}`);

const everything = `
param enableEventGrid = true
param alertEmail = 'operator@example.com'`;

describe('the names of all resources', () => {
  for (const name of ['abc', '0-0', '---', 'x'.repeat(20), 'a-'.repeat(10)]) {
    bicepTest(`are such that Azure takes them: ${name}`, async (bicep) => {
      const { predictedResources } = await evaluate(bicep, `param name = '${name}'${everything}`);
      expect(predictedResources.length).toBeGreaterThan(25);
      expect(refused(predictedResources)).toEqual([]);
    });
  }

  for (const name of ['abc', 'x'.repeat(64), 'a_-'.repeat(21)]) {
    bicepTest(`are such that Azure takes them: workspace ${name}`, async (bicep) => {
      const parameters = `param databricksResourceName = '${name}'`;
      const { predictedResources } = await evaluate(bicep, parameters, 'workspace');
      expect(refused(predictedResources)).toEqual([]);
      const group = String(predictedResources[0]?.['properties'].managedResourceGroupId).split('/resourceGroups/')[1];
      expect(group).toMatch(/^[-\w.()]{1,89}[-\w()]$/);
    });
  }

  test('are seen to be wrong when they are', () => {
    const named = (type: string, name: string): PredictedResource => ({ id: '', apiVersion: '', type, name });
    expect(refused([named('Microsoft.Storage/storageAccounts', 'st-abc')])).toHaveLength(1);
    expect(refused([named('Microsoft.Web/serverfarms', 'x'.repeat(41))])).toHaveLength(1);
    expect(refused([named('Microsoft.New/type', 'name')])).toHaveLength(1);
  });
});

/** What the compiler or the template says to parameters that cannot work. */
const complaint = async (bicep: Bicep, parameters: string): Promise<string> => {
  try {
    await evaluate(bicep, parameters);
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

describe('what cannot work is refused before anything is made:', () => {
  const cases: [what: string, parameters: string, words: string][] = [
    ['a name that is too long', `param name = '${'x'.repeat(21)}'`, 'maximum allowable length is 20'],
    ['a name that is too short', "param name = 'ab'", 'minimum allowable length is 3'],
    [
      'a name with capitals',
      "param name = 'Abc_d'",
      'The parameter name may have lower-case letters, digits and hyphens, and has: A _',
    ],
    [
      'a region without Flex Consumption',
      "param location = 'northpole'",
      'The parameter location is northpole, where Flex Consumption is not known to be. Choose one of',
    ],
    [
      'a region without schedulers',
      "param location = 'westeurope'",
      'The parameter schedulerLocation is westeurope, where the Durable Task Scheduler is not known to be. Choose one of',
    ],
    ['no target group', 'param targetResourceGroups = []', 'minimum allowable length is 1'],
    ['a longer memory than the scheduler has', 'param retentionDays = 31', '30'],
    ['a setting that there is not', "param settings = { STATUS_LINK_KEY: 'x' }", 'STATUS_LINK_KEY'],
    ['another version of Node', "param nodeVersion = '20'", "'22' | '24'"],
  ];

  for (const [what, parameters, words] of cases) {
    bicepTest(what, async (bicep) => {
      expect(await complaint(bicep, parameters)).toContain(words);
    });
  }

  bicepTest('but a region that is newer than the template may be insisted on', async (bicep) => {
    const { outputs } = await evaluate(bicep, "param location = 'northpole'\nparam checkRegions = false");
    expect(outputs['location']).toBe('northpole');
  });
});
