import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LogEntry } from '../../local/host/log.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { signedIn } from '../support/signedIn.ts';
import { eventGridEvent } from '../support/subscriptionEvents.ts';
import { setFault, setScenario, startWorld, type World } from '../support/world.ts';

type Line = { evt: string } & Record<string, unknown>;

const root = fileURLToPath(new URL('../..', import.meta.url));
const lines: Line[] = [];
const note = ({ category, message }: LogEntry): void => {
  if (category === 'user' && message.startsWith('{')) lines.push(JSON.parse(message) as Line);
};

let world: World;
beforeAll(async () => {
  world = await startWorld({
    script: { ...quickScript, '02_create_features': { seconds: 600 } },
    latencies: quickLatencies,
    settings: () => ({
      WEBSITE_AUTH_ENABLED: 'True',
      // Nobody listens there, so what is sent elsewhere stands in the log.
      APPLICATIONINSIGHTS_CONNECTION_STRING:
        'InstrumentationKey=00000000-0000-4000-8000-000000000009;IngestionEndpoint=https://localhost:9/',
    }),
    log: note,
    onWorkspace: (name, server) => {
      if (name === 'dbw-fails') void setScenario(server, { kind: 'taskFails', taskKey: 'RUNME' });
    },
  });
  await everyAct();
}, 120_000);
afterAll(() => world.close());

const act = (method: string, path: string, role = 'Deployer', body?: object): Promise<Response> =>
  world.call(`/api/deployments${path}`, { method, headers: signedIn('ann', role), ...(body && { body }) });

/** All that an operator asks for: deployments that end in each way, acts of people and of events, troubles. */
async function everyAct(): Promise<void> {
  const { arm } = world.cloud.azure;
  await setFault(arm, { method: 'PUT', path: '*/workspaces/dbw-fails', status: 429, times: 1 });
  await setScenario(arm, { kind: 'workspaceSlow', name: 'dbw-fails', seconds: 60, state: 'Dreaming' });
  const started = await act('POST', '', 'Deployer', { resourceGroup: 'rg-volatility', workspaceName: 'dbw-fails' });
  const { id } = (await started.json()) as { id: string };
  await world.finish(id);
  await act('POST', `/${id}/retry`);
  await world.until(async () => (await world.read(id)).runs.length > 1);
  await act('POST', `/${id}/cancel`);
  await world.finish(id);
  await act('POST', `/${id}/retry`);
  await world.finish(id);
  await act('DELETE', `/${id}`);
  await world.finish(id);
  await act('GET', '', 'Stranger');
  await world.call('/runtime/webhooks/EventGrid?functionName=onSubscriptionEvent', {
    method: 'POST',
    key: world.host.keys.eventGrid,
    headers: { 'aeg-event-type': 'Notification' },
    body: [eventGridEvent({ timeMs: world.clock.now() })],
  });
}

const sources = globSync('{activities,functions}/*.ts', { cwd: root })
  .map((file) => readFileSync(root + file, 'utf8'))
  .join('\n');
/** What the app can log, by its sources. */
const evtsInSources = new Set(
  [...sources.matchAll(/\bevt: '([\w.]+)'|logAct\(ctx, '([\w.]+)'/g)].map(([, one, other]) => one ?? other ?? ''),
);
const eventNames = ['step.finished', 'deployment.finished'];
const functionNames = new Set([...sources.matchAll(/^(?:http|app\.http)\('(\w+)'/gm)].map(([, name]) => name));

interface Query {
  text: string;
  from: string;
}
const queriesIn = (file: string): Query[] =>
  [...readFileSync(root + file, 'utf8').matchAll(/```kusto\n([^]*?)```/g)].map(([, text = '']) => ({
    text,
    from: file,
  }));
const queries: Query[] = [
  ...globSync('docs/*.md', { cwd: root }).flatMap(queriesIn),
  ...globSync('infra/main.json', { cwd: root }).flatMap((file) => alertsIn(readFileSync(root + file, 'utf8'))),
];

/** The queries of alerts, wherever the template has them. */
function alertsIn(template: string): Query[] {
  const found: Query[] = [];
  JSON.parse(template, (key, value: unknown) => {
    if (key === 'query' && typeof value === 'string') found.push({ text: value, from: 'infra/main.json' });
    return value;
  });
  return found;
}

const matchesIn = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, found = '']) => found);
/** The texts that a query compares something with by `==` or `in`. */
const comparedWith = (text: string, what: string): string[] =>
  [...text.matchAll(new RegExp(`${what}\\)? (?:==|in) \\(?((?:"[^"]*"(?:, )?)+)`, 'g'))].flatMap(([, values = '']) =>
    matchesIn(values, /"([^"]*)"/g),
  );

/** The lines that a query reads, by the beginnings that it asks for; all of them where it asks for none. */
function linesOf({ text }: Query): Line[] {
  const beginnings = matchesIn(text, /startswith '(\{[^']*)'/g);
  const chosen = lines.filter((line) => beginnings.some((beginning) => JSON.stringify(line).startsWith(beginning)));
  return beginnings.length > 0 ? chosen : lines;
}
const fieldsOf = (some: Line[], type?: 'string' | 'number'): Set<string> =>
  new Set(some.flatMap((line) => Object.keys(line).filter((key) => !type || typeof line[key] === type)));
const finished = (): Line[] => lines.filter(({ evt }) => eventNames.includes(evt));

test('everything that the app logs was seen, and is what some query asks for', () => {
  expect(new Set(lines.map(({ evt }) => evt))).toEqual(new Set([...evtsInSources, ...eventNames]));
  const asked = new Set(queries.flatMap((query) => (query.text.includes('traces') ? linesOf(query) : [])));
  expect(lines.filter((line) => !asked.has(line) && !eventNames.includes(line.evt))).toEqual([]);
});

describe.each(
  queries.map((query) => [query.text.split('\n').find((line) => line.includes('==')) ?? query.text, query]),
)('the query with %s', (_name, query) => {
  const { text } = query;

  test('reads tables that there are', () => {
    const tables = matchesIn(text, /^(?:let \w+ = )?(\w+)$/gm).filter((word) => !/^(?:starts|union)$/.test(word));
    expect(tables.length).toBeGreaterThan(0);
    for (const table of tables) expect(['customEvents', 'traces', 'requests']).toContain(table);
  });

  test('names events, lines and functions that there are', () => {
    const known = text.startsWith('requests') ? functionNames : new Set(eventNames);
    for (const name of comparedWith(text, String.raw`\bname`)) expect(known).toContain(name);
    const evts = new Set(lines.map(({ evt }) => evt));
    for (const evt of comparedWith(text, String.raw`line\.evt`)) expect(evts).toContain(evt);
    for (const beginning of matchesIn(text, /startswith '([^']*)'/g))
      expect(lines.some((line) => JSON.stringify(line).startsWith(beginning))).toBe(true);
  });

  test('asks for fields that these have, as text or number, and for values that they take', () => {
    const [texts, numbers] = [fieldsOf(finished(), 'string'), fieldsOf(finished(), 'number')];
    for (const field of matchesIn(text, /customDimensions\.(\w+)/g)) expect(texts).toContain(field);
    for (const field of matchesIn(text, /customMeasurements\.(\w+)/g)) expect(numbers).toContain(field);
    const read = linesOf(query);
    for (const field of matchesIn(text, /\bline\.(\w+)/g)) expect(fieldsOf(read)).toContain(field);
    for (const field of new Set(matchesIn(text, /(?:customDimensions|line)\.(\w+)/g)))
      for (const value of comparedWith(text, String.raw`(?:customDimensions|line)\.${field}`))
        expect(new Set([...finished(), ...read].map((line) => line[field]))).toContain(value);
  });
});

test('there is a query for each question of the page, and the alert of the template is one', () => {
  expect(queries.filter(({ from }) => from === 'docs/operations.md').length).toBeGreaterThan(9);
  expect(queries.filter(({ from }) => from === 'infra/main.json')).toHaveLength(1);
});
