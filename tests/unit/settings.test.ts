import * as fc from 'fast-check';
import * as v from 'valibot';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { json, list, positive, readSettings } from '../../domain/settings.ts';

const canary = 'Canary-value';
const good: Record<string, string> = {
  AZURE_SUBSCRIPTION_ID: '00000000-0000-4000-8000-000000000001',
  AZURE_CLIENT_ID: '00000000-0000-4000-8000-000000000002',
  ACCELERATORS: '{"volatility":{"repositoryUrl":"https://github.com/org/repo","branch":"main"}}',
  ALLOWED_RESOURCE_GROUPS: 'rg-a, rg-b,',
  ALLOWED_LOCATIONS: 'westeurope',
  STATUS_LINK_KEY: '0123456789abcdef0123456789abcdef',
};

beforeEach(() => {
  vi.resetModules();
  vi.unstubAllEnvs();
  for (const [name, value] of Object.entries(good)) vi.stubEnv(name, value);
});

/** The settings as a fresh process reads them. */
const deployer = async (): Promise<unknown> => (await import('../../functions/settings.ts')).deployerSettings();
const endpoints = async (): Promise<unknown> => (await import('../../clients/settings.ts')).endpointSettings();

const messageOf = async (read: () => Promise<unknown>): Promise<string> => {
  try {
    await read();
    return 'no error';
  } catch (error) {
    return String(error);
  }
};

describe('deployerSettings', () => {
  test('reads lists, numbers and JSON, and fills in the defaults', async () => {
    expect(await deployer()).toMatchObject({
      ACCELERATORS: { volatility: { repositoryUrl: 'https://github.com/org/repo', branch: 'main' } },
      ALLOWED_RESOURCE_GROUPS: ['rg-a', 'rg-b'],
      ALLOWED_NODE_TYPES: ['Standard_NC4as_T4_v3'],
      STATUS_LINK_HOURS: 168,
      NETWORK: {},
      REQUIRED_TAGS: {},
      ROLES_REQUIRED: 'False',
      MAX_STARTS_PER_HOUR: 30,
      POLL_FLOOR_SECONDS: 5,
      POLL_CEILING_SECONDS: 75,
      EXPECTED_SECONDS: { workspace: 180, storage: 40, runme: 360, notebooks: 3600, warehouse: 240 },
    });
  });

  test('takes an entry without a word on verification, and expected times without a warehouse', async () => {
    vi.stubEnv('EXPECTED_SECONDS', '{"workspace":180,"storage":40,"runme":360,"notebooks":3600}');
    expect(await deployer()).toMatchObject({
      ACCELERATORS: { volatility: { verify: true } },
      EXPECTED_SECONDS: { warehouse: 240 },
    });
    vi.stubEnv('ACCELERATORS', '{"a":{"repositoryUrl":"https://github.com/org/repo","branch":"main","verify":false}}');
    vi.resetModules();
    expect(await deployer()).toMatchObject({ ACCELERATORS: { a: { verify: false } } });
  });

  test.each([
    ['AZURE_SUBSCRIPTION_ID', canary],
    ['ACCELERATORS', `{"a":{"repositoryUrl":"https://github.com/x/y","branch":"a","verify":"${canary}"}}`],
    ['ACCELERATORS', canary],
    ['ACCELERATORS', `{"a":{"repositoryUrl":"file:///${canary}","branch":"main"}}`],
    ['ACCELERATORS', `{"a":{"repositoryUrl":"https://user:${canary}@github.com/x","branch":"main"}}`],
    ['ACCELERATORS', `{"a":{"repositoryUrl":"https://github.com/x/${canary}"}}`],
    ['ACCELERATORS', `{"a":{"repositoryUrl":"https://github.com/x/${canary}","branch":"a","tag":"b"}}`],
    ['STATUS_LINK_KEY', canary],
    ['STATUS_LINK_HOURS', '0'],
    ['MAX_ACTIVE_DEPLOYMENTS', canary],
    ['MAX_STARTS_PER_HOUR', '0'],
    ['ROLES_REQUIRED', canary],
    ['NETWORK', canary],
    ['NETWORK', `{"subnet":"${canary}"}`],
    ['NETWORK', `{"publicSubnet":"${canary}","privateSubnet":"b"}`],
    ['NETWORK', '{"publicNetworkAccess":"Disabled"}'],
    ['ALLOWED_VIRTUAL_NETWORKS', canary],
    ['REQUIRED_TAGS', `{"owner":["${canary}"]}`],
    ['REQUIRED_TAGS', `{"accelerator-deployment":"${canary}"}`],
    ['POLL_FLOOR_SECONDS', '-1'],
    ['POLL_CEILING_SECONDS', 'Infinity'],
    ['POLL_CEILING_SECONDS', ''],
    ['EXPECTED_SECONDS', '{"workspace":0,"storage":40,"runme":360,"notebooks":3600}'],
    ['EXPECTED_SECONDS', `{"workspace":"${canary}","storage":40,"runme":360,"notebooks":3600}`],
  ])('names %s when it is %j, and shows nothing of any value', async (name, value) => {
    vi.stubEnv(name, value);
    const message = await messageOf(deployer);
    expect(message).toMatch(new RegExp(`SETTINGS_INVALID: ${name}[^,]* is (missing|not valid)\\.$`));
    expect(message).not.toContain(canary);
  });

  test.each([
    ['STATUS_LINK_KEY', `@Microsoft.KeyVault(SecretUri=https://vault.vault.azure.net/secrets/${canary})`],
    ['STATUS_LINK_KEY', ` @microsoft.keyvault(VaultName=vault;SecretName=${canary})`],
    ['ALLOWED_RESOURCE_GROUPS', `@Microsoft.KeyVault(SecretUri=https://vault.vault.azure.net/secrets/${canary})`],
    ['MAX_STARTS_PER_HOUR', `@Microsoft.AppConfiguration(Endpoint=https://x.azconfig.io;Key=${canary})`],
  ])('takes no reference that was not resolved for a value: %s', async (name, value) => {
    vi.stubEnv(name, value);
    expect(await messageOf(deployer)).toBe(
      `TerminalError: SETTINGS_INVALID: ${name} is a reference that App Service did not resolve.`,
    );
  });

  test('names every setting that is missing', async () => {
    for (const name of Object.keys(good)) vi.stubEnv(name, undefined);
    const message = await messageOf(deployer);
    const needed = Object.keys(good).filter((name) => name !== 'AZURE_CLIENT_ID');
    for (const name of needed) expect(message).toContain(`${name} is missing`);
    for (const value of Object.values(good)) expect(message).not.toContain(value);
  });
});

describe('endpointSettings', () => {
  const connection = 'APPLICATIONINSIGHTS_CONNECTION_STRING';

  test.each([
    '',
    'InstrumentationKey=00000000-0000-4000-8000-000000000009;',
    'InstrumentationKey=00000000-0000-4000-8000-000000000009;IngestionEndpoint=https://x.applicationinsights.azure.com/',
    'IngestionEndpoint=https://x.applicationinsights.azure.com/;InstrumentationKey=00000000-0000-4000-8000-000000000009',
  ])('takes the parts of a connection string in any order: %j', async (text) => {
    vi.stubEnv(connection, text);
    expect(await endpoints()).toMatchObject({ [connection]: text });
  });

  test('calls the public cloud unless told otherwise', async () => {
    expect(await endpoints()).toMatchObject({ AZURE_RESOURCE_MANAGER_URL: 'https://management.azure.com' });
  });

  test.each([
    ['AZURE_CLIENT_ID', canary],
    ['AZURE_RESOURCE_MANAGER_URL', 'http://management.azure.com'],
    ['AZURE_RESOURCE_MANAGER_URL', 'https://management.azure.com/subscriptions?x=1'],
    ['DATABRICKS_HOST_PATTERN', '(unfinished'],
    [connection, 'IngestionEndpoint=https://westeurope-5.in.applicationinsights.azure.com/'],
    [connection, 'xInstrumentationKey=00000000-0000-4000-8000-000000000009'],
  ])('names %s when it is %j', async (name, value) => {
    vi.stubEnv(name, value);
    expect(await messageOf(endpoints)).toBe(`TerminalError: SETTINGS_INVALID: ${name} is not valid.`);
  });
});

test('a reference that was not resolved is nowhere to send telemetry to', async () => {
  vi.stubEnv('APPLICATIONINSIGHTS_CONNECTION_STRING', '@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/s)');
  expect(await messageOf(endpoints)).toBe(
    'TerminalError: SETTINGS_INVALID: APPLICATIONINSIGHTS_CONNECTION_STRING is a reference that App Service did not resolve.',
  );
});

describe('the workspace hosts that are sent a token', () => {
  const refusal = async (host: string): Promise<string> =>
    messageOf(async () => (await import('../../clients/databricks.ts')).databricks({ host, resourceId: '/x' }));

  test('are those of Azure Databricks', async () => {
    expect(await refusal('adb-1234567890123456.7.azuredatabricks.net')).toBe('no error');
  });

  test.each([
    '',
    'localhost',
    'adb-1.2.azuredatabricks.net.evil.test',
    'evil.test/adb-1.2.azuredatabricks.net',
    'evil.test#adb-1.2.azuredatabricks.net',
    'user@adb-1.2.azuredatabricks.net',
    'adb-1.2.azuredatabricks.net:8443',
    'adb-1.2.azuredatabricks.net\n',
    'adb-1.2.azuredatabricks.net\n.evil.test',
  ])('are not %j', async (host) => {
    expect(await refusal(host)).toContain('WORKSPACE_HOST_REFUSED');
  });

  test('have to fit a pattern as a whole, also one without anchors', async () => {
    vi.stubEnv('DATABRICKS_HOST_PATTERN', 'adb-1\\.test|adb-2\\.test');
    expect(await refusal('adb-2.test')).toBe('no error');
    expect(await refusal('adb-1.test.evil.test')).toContain('WORKSPACE_HOST_REFUSED');
    expect(await refusal('evil.test?adb-2.test')).toContain('WORKSPACE_HOST_REFUSED');
  });
});

describe('readSettings', () => {
  test('shows no value, whatever stands in the environment', () => {
    const schema = v.object({
      A: list,
      B: positive,
      C: json(v.object({ d: v.number() })),
      E: v.pipe(v.string(), v.uuid()),
    });
    const value = fc.oneof(fc.string(), fc.json()).map((text) => `${text}${canary}`);
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('A', 'B', 'C', 'E'), value), (environment) => {
        expect(() => readSettings(schema, environment)).toThrow(/^SETTINGS_INVALID: (?!.*Canary)/);
      }),
    );
  });
});
