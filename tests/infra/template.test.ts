import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  allTemplates,
  before,
  firstOf,
  moduleOf,
  ofType,
  readSnapshot,
  readTemplate,
  snapshotNames,
  type Template,
  textsIn,
} from '../support/infra.ts';

const main = readTemplate('main');
const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** Outputs that tell more than a name: they stay in the history of deployments, which many may read. */
const tellingOutputs = (template: Template): string[] =>
  Object.entries(template.outputs ?? {})
    .filter(([name, { type, value }]) =>
      /secure|secret|password|connectionstring|sas|(?:^|[a-z])key|listKeys|listSecrets|\.keys/i.test(
        `${name} ${type} ${String(value)}`,
      ),
    )
    .map(([name]) => name);

const secret = /^secure/i;
const faultyParameters = (template: Template): string[] =>
  Object.entries(template.parameters ?? {})
    .filter(([name, { type = '', defaultValue }]) =>
      secret.test(type) ? defaultValue !== undefined : /password|secret(?!Uri)|(?:api|access|account)key/i.test(name),
    )
    .map(([name]) => name);

describe('a secret', () => {
  test.each(allTemplates())('is no output of %s', (_, template) => {
    expect(tellingOutputs(template)).toEqual([]);
  });

  test.each(allTemplates())('has no default in %s, and no parameter that is shown', (_, template) => {
    expect(faultyParameters(template)).toEqual([]);
  });

  test('is seen where there is one', () => {
    const template = (part: Partial<Template>): Template => ({ resources: {}, ...part });
    expect(tellingOutputs(template({ outputs: { a: { value: "[listKeys('x', 'y').keys[0].value]" } } }))).toEqual([
      'a',
    ]);
    expect(tellingOutputs(template({ outputs: { connectionString: { value: 'x' } } }))).toEqual(['connectionString']);
    expect(tellingOutputs(template({ outputs: { a: { type: 'securestring' } } }))).toEqual(['a']);
    expect(faultyParameters(template({ parameters: { a: { type: 'securestring', defaultValue: '' } } }))).toEqual([
      'a',
    ]);
    expect(faultyParameters(template({ parameters: { adminPassword: { type: 'string' } } }))).toEqual([
      'adminPassword',
    ]);
  });
});

/** Each type with the version that is used, and when it was last looked at. A newer one is taken on purpose. */
const apiVersions: Record<string, string> = {
  'Microsoft.Authorization/roleAssignments': '2022-04-01',
  'Microsoft.Databricks/workspaces': '2026-01-01',
  'Microsoft.DurableTask/schedulers': '2026-02-01',
  'Microsoft.DurableTask/schedulers/retentionPolicies': '2026-02-01',
  'Microsoft.DurableTask/schedulers/taskHubs': '2026-02-01',
  'Microsoft.EventGrid/systemTopics': '2025-02-15',
  'Microsoft.EventGrid/systemTopics/eventSubscriptions': '2025-02-15',
  'Microsoft.Insights/actionGroups': '2023-01-01',
  'Microsoft.Insights/components': '2020-02-02',
  'Microsoft.Insights/scheduledQueryRules': '2023-12-01',
  'Microsoft.ManagedIdentity/userAssignedIdentities': '2024-11-30',
  'Microsoft.OperationalInsights/workspaces': '2025-07-01',
  'Microsoft.Resources/deployments': '2025-04-01',
  'Microsoft.Storage/storageAccounts': '2025-06-01',
  'Microsoft.Storage/storageAccounts/blobServices': '2025-06-01',
  'Microsoft.Storage/storageAccounts/blobServices/containers': '2025-06-01',
  'Microsoft.Storage/storageAccounts/managementPolicies': '2025-06-01',
  'Microsoft.Web/serverfarms': '2025-03-01',
  'Microsoft.Web/sites': '2025-03-01',
  'Microsoft.Web/sites/basicPublishingCredentialsPolicies': '2025-03-01',
  'Microsoft.Web/sites/config': '2025-03-01',
  'Microsoft.Web/sites/extensions': '2025-03-01',
};

test('every type has the API version that stands here, and all of them are used', () => {
  const used = allTemplates().flatMap(([, { resources }]) =>
    Object.values(resources).map(({ type, apiVersion }) => [type, apiVersion] as const),
  );
  expect(Object.fromEntries(used.toSorted(([a], [b]) => a.localeCompare(b)))).toEqual(apiVersions);
  expect(new Set(used.map((each) => each.join('@'))).size).toBe(Object.keys(apiVersions).length);
  expect(used.filter(([, version]) => version.endsWith('-preview'))).toEqual([]);
});

describe('the order', () => {
  test('is: identity and storage with their roles, then what takes long, then the app', () => {
    const first = ['identity', 'storage'];
    for (const slow of ['scheduler', 'monitoring'])
      expect([...before(main, slow)]).toEqual(expect.arrayContaining(first));
    expect([...before(main, 'app')].toSorted()).toEqual(['identity', 'monitoring', 'scheduler', 'storage']);
    for (const name of ['storage', 'scheduler', 'monitoring']) {
      const types = Object.values(moduleOf(main, name).resources).map(({ type }) => type);
      expect(types).toContain('Microsoft.Authorization/roleAssignments');
    }
  });

  test('is: the roles in the target groups without waiting for anything but the identity', () => {
    expect([...before(main, 'access')]).toEqual(['identity']);
    expect([...before(main, 'reader')]).toEqual(['identity']);
  });

  test('is: settings, sign-in, and the code last, because each change restarts the app', () => {
    const all = new Set(Object.keys(moduleOf(main, 'app').resources));
    const late = before(moduleOf(main, 'app'), 'code');
    for (const name of ['identity', 'storage', 'scheduler', 'component', 'code', 'plan']) all.delete(name);
    expect(all.size).toBe(5);
    expect([...all].filter((name) => !late.has(name))).toEqual([]);
  });

  test('is: events after the code that takes them', () => {
    expect([...before(main, 'events')]).toEqual(expect.arrayContaining(['app', 'topic']));
  });

  test('is seen to be wrong when a dependency is left out', () => {
    const loose = structuredClone(main);
    delete loose.resources['scheduler']?.dependsOn;
    expect([...before(loose, 'scheduler')]).toEqual([]);
  });
});

describe('beside what is always made', () => {
  const kinds = (name: string): string[] =>
    readSnapshot(name).predictedResources.map(({ type, id }) => `${type} ${id}`);
  const more = (name: string, than: string): string[] =>
    kinds(name)
      .filter((each) => !kinds(than).includes(each))
      .map((each) => String(each.split(' ')[0]));

  test.each([
    ['events', ['Microsoft.EventGrid/systemTopics', 'Microsoft.EventGrid/systemTopics/eventSubscriptions']],
    ['events-existing-topic', ['Microsoft.EventGrid/systemTopics/eventSubscriptions']],
    ['authentication', []],
    ['azd', []],
  ])('%s makes %j', (name, types) => {
    expect(more(name, 'default')).toEqual(types);
  });

  test('nothing is left out but the code, where it comes another way', () => {
    expect(more('default', 'azd')).toEqual(['Microsoft.Web/sites/extensions']);
    for (const name of ['events', 'events-existing-topic', 'authentication']) expect(more('default', name)).toEqual([]);
  });
});

describe('Event Grid', () => {
  const subscriptions = (name: string) =>
    ofType(readSnapshot(name).predictedResources, 'Microsoft.EventGrid/systemTopics/eventSubscriptions');

  test('is wired when it is asked for, and not otherwise', () => {
    const wired = snapshotNames.filter((name) => subscriptions(name).length > 0);
    expect(wired).toEqual(['events', 'events-existing-topic', 'everything']);
    for (const name of wired) expect(subscriptions(name)).toHaveLength(1);
  });

  test('calls a function that the app has', () => {
    const index = read('functions/index.ts');
    const [target] = subscriptions('events');
    const name = String(target?.['properties'].destination.properties.resourceId).split('/functions/')[1];
    expect(index).toContain(`eventGrid('${name}', `);
  });

  test('uses a topic that is there already where it is, and writes nothing to storage that it may not', () => {
    const [subscribed] = subscriptions('events-existing-topic');
    expect(subscribed?.id).toContain('/resourceGroups/rg-events/');
    expect(subscribed?.name).toMatch(/^evgt-subscription\//);
    expect(subscribed?.['properties'].destination.properties.resourceId).toContain('/resourceGroups/rg-accelerator/');
    expect(subscribed?.['properties'].deadLetterWithResourceIdentity).toBeNull();
    expect(
      ofType(readSnapshot('events-existing-topic').predictedResources, 'Microsoft.EventGrid/systemTopics'),
    ).toEqual([]);
  });

  test('keeps what could not be delivered as an identity that its own topic holds', () => {
    const [topic] = ofType(readSnapshot('events').predictedResources, 'Microsoft.EventGrid/systemTopics');
    const { identity } = subscriptions('events')[0]?.['properties'].deadLetterWithResourceIdentity ?? {};
    expect(Object.keys(topic?.['identity'].userAssignedIdentities)).toEqual([identity.userAssignedIdentity]);
  });
});

describe('what stands elsewhere', () => {
  const { repository, version } = JSON.parse(read('package.json')) as { repository: string; version: string };

  test('repository and version are those of package.json', () => {
    const { predictedResources } = readSnapshot('default');
    const [code] = ofType(predictedResources, 'Microsoft.Web/sites/extensions');
    expect(code?.['properties'].packageUri).toBe(`${repository}/releases/download/v${version}/app.zip`);
    expect(main.parameters?.['acceleratorRepository']?.defaultValue).toBe(repository);
    expect(main.parameters?.['acceleratorTag']?.defaultValue).toBe(`v${version}`);
    const foreign = textsIn(main).flatMap((text) => text.match(/https:\/\/github\.com\/[\w-]+\/[\w-]+/g) ?? []);
    expect(new Set(foreign)).toEqual(new Set([repository]));
  });

  test('no default of a parameter needs a variable, which the compiler writes and Azure refuses', () => {
    const needy = allTemplates().flatMap(([, { parameters = {} }]) =>
      Object.entries(parameters).filter(([, { defaultValue }]) =>
        textsIn(defaultValue).some((text) => text.includes('variables(')),
      ),
    );
    expect(needy).toEqual([]);
  });

  test('the alert asks for the event and the outcome that the app tells', () => {
    const alert = firstOf(readSnapshot('default').predictedResources, 'Microsoft.Insights/scheduledQueryRules');
    const [{ query, dimensions }] = alert['properties'].criteria.allOf;
    const [, event = ''] = /name == "([\w.]+)"/.exec(query) ?? [];
    const telemetry = read('docs/telemetry.md');
    expect(read('domain/telemetry.ts')).toContain(`'${event}'`);
    expect(telemetry).toContain(`| \`${event}\` |`);
    const fields = [...query.matchAll(/customDimensions\.(\w+)/g)].map(([, field]) => String(field));
    expect(fields.length).toBeGreaterThan(3);
    expect(fields.filter((field) => !telemetry.includes(`| \`${field}\` |`))).toEqual([]);
    const told = [...query.matchAll(/(\w+) = tostring/g)].map(([, name]) => name);
    expect((dimensions as { name: string }[]).map(({ name }) => name)).toEqual(told);
  });

  test('people are told by e-mail when an address is given', () => {
    const groups = (name: string) => ofType(readSnapshot(name).predictedResources, 'Microsoft.Insights/actionGroups');
    expect(groups('default')).toEqual([]);
    expect(groups('everything')[0]?.['properties'].emailReceivers[0].emailAddress).toBe('operator@example.com');
    expect(groups('everything')[0]?.['properties'].groupShortName.length).toBeLessThanOrEqual(12);
  });
});
