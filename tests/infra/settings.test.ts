import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { appSettingsOf, ofType, readSnapshot, snapshotNames } from '../support/infra.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** What the Functions host reads, by its documentation; the app does not. */
const ofTheHost = [
  'AzureWebJobsStorage__blobServiceUri',
  'AzureWebJobsStorage__queueServiceUri',
  'AzureWebJobsStorage__tableServiceUri',
  'AzureWebJobsStorage__credential',
  'AzureWebJobsStorage__clientId',
  'APPLICATIONINSIGHTS_AUTHENTICATION_STRING',
];

/** What App Service sets by itself. */
const ofAppService = ['WEBSITE_AUTH_ENABLED', 'WEBSITE_SITE_NAME', 'WEBSITE_INSTANCE_ID'];

/** What the app sets for a library. */
const ofItself = ['APPLICATION_INSIGHTS_NO_STATSBEAT'];

/** What Azure refuses on Flex Consumption, or what would undo the plan's own configuration. */
const refused =
  /^(?:FUNCTIONS_WORKER_RUNTIME|FUNCTIONS_EXTENSION_VERSION|WEBSITE_RUN_FROM_PACKAGE|SCM_DO_BUILD_DURING_DEPLOYMENT|WEBSITE_CONTENT|AzureWebJobsStorage$|APPINSIGHTS_INSTRUMENTATIONKEY)/;

const identity = '00000000-0000-4000-8000-00000000000b';

/** The settings as the app sees them: Azure's own answers in place of expressions. */
function resolved(name: string): Record<string, string> {
  const answers: [RegExp, string][] = [
    [/\.ConnectionString\]$/, 'InstrumentationKey=00000000-0000-4000-8000-000000000009;'],
    [/\.clientId\]$/, identity],
    [/^\[environment\(\)\.resourceManager\]$/, 'https://management.azure.com/'],
    [/^\[guid\(listKeys\(/, '00000000-0000-5000-8000-00000000000c'],
  ];
  return Object.fromEntries(
    Object.entries(appSettingsOf(readSnapshot(name))).map(([key, value]) => [
      key,
      answers.find(([expression]) => expression.test(value))?.[1] ?? value,
    ]),
  );
}

function namesThatTheAppReads(): string[] {
  const schemas = read('functions/settings.ts') + read('domain/endpoints.ts');
  const clients = read('clients/insights.ts');
  const host = read('host.json');
  return [
    ...[...schemas.matchAll(/^ {2}([A-Z][A-Z_]+):/gm)].map(([, name = '']) => name),
    ...[...clients.matchAll(/process\.env\['(\w+)'\]/g)].map(([, name = '']) => name),
    ...[...host.matchAll(/%(\w+)%|"connectionStringName": "(\w+)"/g)].map(([, hub, name]) => hub ?? name ?? ''),
  ];
}

describe.each(snapshotNames.filter((name) => name !== 'workspace'))('the settings by %s', (snapshot) => {
  test('are those that the app and its host read: none is missing, and none is for nobody', () => {
    const wanted = namesThatTheAppReads().filter((name) => ![...ofAppService, ...ofItself].includes(name));
    expect(wanted.length).toBeGreaterThan(20);
    expect(Object.keys(appSettingsOf(readSnapshot(snapshot))).toSorted()).toEqual(
      [...new Set([...wanted, ...ofTheHost])].toSorted(),
    );
  });

  test('are none that Flex Consumption refuses', () => {
    expect(Object.keys(appSettingsOf(readSnapshot(snapshot))).filter((name) => refused.test(name))).toEqual([]);
  });
});

describe('the app', () => {
  beforeEach(() => vi.resetModules());
  afterEach(() => vi.unstubAllEnvs());

  async function readBy(settings: Record<string, string>): Promise<Record<string, unknown>> {
    for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value);
    const { deployerSettings } = await import('../../functions/settings.ts');
    return deployerSettings();
  }

  test('takes the settings as they are, and they say what it would say by itself', async () => {
    const settings = resolved('default');
    const taken = await readBy(settings);
    expect(taken['ALLOWED_RESOURCE_GROUPS']).toEqual(['rg-accelerator']);
    expect(taken['ALLOWED_LOCATIONS']).toEqual(['northeurope']);
    expect(taken['AZURE_CLIENT_ID']).toBe(identity);
    vi.unstubAllEnvs();
    vi.resetModules();
    const needed = [
      'AZURE_SUBSCRIPTION_ID',
      'AZURE_CLIENT_ID',
      'AZURE_RESOURCE_MANAGER_URL',
      'APPLICATIONINSIGHTS_CONNECTION_STRING',
      'ACCELERATORS',
      'ALLOWED_RESOURCE_GROUPS',
      'ALLOWED_LOCATIONS',
      'STATUS_LINK_KEY',
    ];
    const least = Object.fromEntries(needed.map((name) => [name, settings[name] ?? '']));
    expect(await readBy(least)).toEqual(taken);
  });

  test('takes those of each parameter', async () => {
    const settings = resolved('everything');
    // In Azure the value of the secret takes its place before the app starts.
    expect(settings['STATUS_LINK_KEY']).toBe(
      '@Microsoft.KeyVault(SecretUri=https://kv-volatility.vault.azure.net/secrets/status-link-key)',
    );
    expect(await readBy({ ...settings, STATUS_LINK_KEY: 'x'.repeat(32) })).toMatchObject({
      ACCELERATORS: { 'fraud-orchestration': { branch: 'main', companion: true, verify: false } },
      ALLOWED_RESOURCE_GROUPS: ['rg-volatility', 'rg-fraud'],
      ALLOWED_LOCATIONS: ['westeurope', 'northeurope'],
      ALLOWED_NODE_TYPES: ['Standard_NC4as_T4_v3', 'Standard_NC8as_T4_v3'],
      ALLOWED_REPOSITORIES: ['https://github.com/your-organisation/*'],
      REQUIRED_TAGS: { costCentre: '4711', owner: null },
      ROLES_REQUIRED: 'True',
    });
  });

  test('asks for roles exactly when callers sign in', () => {
    const signIn = (name: string) =>
      readSnapshot(name).predictedResources.find(({ id }) => id.endsWith('/config/authsettingsV2'))?.['properties'];
    for (const [name, on] of [
      ['default', false],
      ['authentication', true],
    ] as const) {
      expect(signIn(name).platform.enabled).toBe(on);
      expect(appSettingsOf(readSnapshot(name))['ROLES_REQUIRED']).toBe(on ? 'True' : 'False');
    }
    const { azureActiveDirectory } = signIn('authentication').identityProviders;
    expect(azureActiveDirectory.registration.clientId).toBe('00000000-0000-4000-8000-00000000000a');
    expect(azureActiveDirectory.registration.openIdIssuer).toContain("'00000000-0000-4000-8000-000000000009/v2.0'");
    expect(signIn('authentication').globalValidation.excludedPaths).toContain('/runtime/webhooks/*');
  });

  test('finds its task hub, and the package where it is put', () => {
    const { predictedResources } = readSnapshot('default');
    const [hub] = ofType(predictedResources, 'Microsoft.DurableTask/schedulers/taskHubs');
    expect(hub?.name.split('/')[1]).toBe(appSettingsOf(readSnapshot('default'))['TASKHUB_NAME']);
    const [site] = ofType(predictedResources, 'Microsoft.Web/sites');
    const [, container] = /'([\w-]+)'\)\]$/.exec(site?.['properties'].functionAppConfig.deployment.storage.value) ?? [];
    const containers = ofType(predictedResources, 'Microsoft.Storage/storageAccounts/blobServices/containers');
    expect(containers.map(({ name }) => name.split('/').at(-1))).toContain(container);
  });
});
