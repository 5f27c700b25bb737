import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { report } from '../../activities/report.ts';
import { ConfigurationManager } from '../../clients/insightsSdk.ts';
import type { ReportInput } from '../../domain/telemetry.ts';
import type { TelemetryItem } from '../../local/azure/ingestion.ts';
import type { ApiServer } from '../../local/kit/server.ts';
import { type ActivityCloud, startActivityCloud } from '../support/activityCloud.ts';
import { setFault } from '../support/world.ts';

let activities: ActivityCloud;
let ingestion: ApiServer;
beforeAll(async () => {
  activities = await startActivityCloud({ telemetry: true });
  const { ingestion: made } = activities.cloud.azure;
  if (!made) throw new Error('no ingestion endpoint');
  ingestion = made.server;
});
beforeEach(async () => {
  ingestion.faults.clear();
  activities.cloud.azure.identity.faults.clear();
  await fetch(`${ingestion.url}/__telemetry`, { method: 'DELETE' });
});
afterAll(() => activities.cloud.close());

const over: ReportInput = {
  deployment: 'a1b2c3d4e5f6a1b2c3d4e5f6',
  attempt: 1,
  accelerator: 'predicting-implied-volatility',
  operation: 'deploy',
  outcome: 'succeeded',
  startedAt: '2026-01-01T00:00:00.000Z',
  endedAt: '2026-01-01T00:10:00.000Z',
  steps: [
    {
      name: 'identity',
      state: 'done',
      tries: 2,
      startedAt: '2026-01-01T00:00:01.000Z',
      endedAt: '2026-01-01T00:00:31.000Z',
      waitedSeconds: 20,
    },
  ],
};

async function tell(input = over): Promise<{ result: unknown; lines: Record<string, unknown>[] }> {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const result = await report(input, { log: write, warn: write });
  return { result, lines };
}

const arrived = async (): Promise<TelemetryItem[]> =>
  (await (await fetch(`${ingestion.url}/__telemetry`)).json()) as TelemetryItem[];

test('the events arrive before the activity ends, under the deployment as operation, and nothing else is sent', async () => {
  const { result, lines } = await tell();
  expect(result).toEqual({ events: 2 });
  expect(lines).toEqual([]);
  const items = await arrived();
  expect(items.map(({ name, data }) => [name, data.baseType, data.baseData['name']])).toEqual([
    ['Microsoft.ApplicationInsights.Event', 'EventData', 'step.finished'],
    ['Microsoft.ApplicationInsights.Event', 'EventData', 'deployment.finished'],
  ]);
  expect(items[0]?.data.baseData).toMatchObject({
    properties: { deployment: over.deployment, step: 'identity', outcome: 'succeeded', attempt: '1' },
    measurements: { durationMs: 30_000, tries: 2, waitedSeconds: 20 },
  });
  for (const { tags } of items)
    expect(tags).toMatchObject({ 'ai.operation.id': over.deployment, 'ai.cloud.role': 'accelerator-deployer' });
  expect(ingestion.requests).toHaveLength(1);
});

test('two reports at once keep their events apart', async () => {
  await Promise.all([tell(), tell({ ...over, deployment: 'b1b2c3d4e5f6a1b2c3d4e5f6' })]);
  const told = (await arrived()).map(({ tags, data }) => [
    tags?.['ai.operation.id'],
    (data.baseData['properties'] as Record<string, string>)['deployment'],
  ]);
  expect(told).toHaveLength(4);
  expect(told.filter(([operation, deployment]) => operation !== deployment)).toEqual([]);
});

test.each<[string, Parameters<typeof setFault>[1]]>([
  [
    'refuses',
    { method: 'POST', path: '/v2.1/track', status: 403, body: { itemsReceived: 2, itemsAccepted: 0, errors: [] } },
  ],
  ['fails', { method: 'POST', path: '/v2.1/track', status: 503 }],
  ['cuts the connection', { method: 'POST', path: '/v2.1/track', reset: true }],
])('when the endpoint %s, the log tells why and has the events; the endpoint is asked once', async (_, fault) => {
  const before = ingestion.requests.length;
  await setFault(ingestion, fault);
  const { result, lines } = await tell();
  expect(result).toEqual({ events: 2 });
  expect(lines.map(({ evt }) => evt)).toEqual(['telemetry', 'step.finished', 'deployment.finished']);
  expect(lines[0]).toMatchObject({ outcome: 'failed', deployment: over.deployment });
  expect(ingestion.requests.length - before).toBe(1);
});

test('a redirect to another host is not followed', async () => {
  const before = ingestion.requests.length;
  // The same server under another name, so that it would be seen to be asked there.
  const location = `https://127.0.0.1:${ingestion.port}/v2.1/track`;
  await setFault(ingestion, { method: 'POST', path: '/v2.1/track', status: 308, headers: { location } });
  const { lines } = await tell();
  expect(lines[0]).toMatchObject({ evt: 'telemetry', outcome: 'failed' });
  expect(ingestion.requests.slice(before).map(({ status }) => status)).toEqual([308]);
});

test('a token that is not had at once is asked for once more', async () => {
  activities.clock.advance(2 * 86_400_000);
  await setFault(activities.cloud.azure.identity, { method: 'GET', path: '/msi/token', reset: true });
  const { lines } = await tell();
  expect(activities.cloud.azure.identity.faults.list().map(({ used }) => used)).toEqual([1]);
  expect(lines).toEqual([]);
  expect(await arrived()).toHaveLength(2);
});

test('without a token the log has the events', async () => {
  activities.clock.advance(2 * 86_400_000);
  await setFault(activities.cloud.azure.identity, { method: 'GET', path: '/msi/token', status: 500, times: 100 });
  const { lines } = await tell();
  expect(lines.map(({ evt }) => evt)).toEqual(['telemetry', 'step.finished', 'deployment.finished']);
  expect(String(lines[0]?.['message'])).toContain('TOKEN_UNAVAILABLE');
});

test('the process is left as it was: no handlers, no global providers, no watch on a remote configuration', async () => {
  const handlers = process.listenerCount('uncaughtException') + process.listenerCount('beforeExit');
  await tell();
  expect(process.listenerCount('uncaughtException') + process.listenerCount('beforeExit')).toBe(handlers);
  const globals = Object.getOwnPropertySymbols(globalThis).filter((symbol) => /opentelemetry/i.test(String(symbol)));
  expect(globals).toEqual([]);
  expect(ConfigurationManager.getInstance()).toHaveProperty('worker', undefined);
});
