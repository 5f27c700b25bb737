import { createSecretKey } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Ingestion, startIngestion, type TelemetryItem } from '../../local/azure/ingestion.ts';
import { ensureCertificate } from '../../local/kit/certificate.ts';
import { VirtualClock } from '../../local/kit/clock.ts';
import { signToken } from '../../local/kit/tokens.ts';

const clock = new VirtualClock();
const signingKey = createSecretKey('a key of this test alone', 'utf8');
const tenantId = 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee';
const monitor = 'https://monitor.azure.com';
let ingestion: Ingestion;
let iKey: string;
beforeAll(async () => {
  const certificate = await ensureCertificate(mkdtempSync(join(tmpdir(), 'ingestion-')));
  setDefaultCACertificates([...getCACertificates('default'), certificate.cert]);
  ingestion = await startIngestion({ certificate, signingKey, clock, tenantId });
  iKey = /InstrumentationKey=([^;]+)/.exec(ingestion.connectionString)?.[1] ?? '';
});
beforeEach(() => fetch(`${ingestion.server.url}/__telemetry`, { method: 'DELETE' }));
afterAll(() => ingestion.server.close());

function tokenFor(aud: string, tid = tenantId): string {
  const now = Math.floor(clock.now() / 1000);
  const who = { iss: `https://sts.windows.net/${tid}/`, tid, oid: 'o', appid: 'a' };
  return signToken({ aud, ...who, iat: now, nbf: now, exp: now + 3600 }, signingKey);
}

const event = (name: string): object => ({
  name: 'Microsoft.ApplicationInsights.Event',
  time: '2026-01-01T00:00:00.000Z',
  iKey,
  tags: { 'ai.operation.id': 'one' },
  data: { baseType: 'EventData', baseData: { ver: 2, name } },
});

async function send(body: string | Buffer, headers: Record<string, string> = {}): Promise<[number, unknown]> {
  const usual = { authorization: `Bearer ${tokenFor(monitor)}`, 'content-type': 'application/json' };
  const sent = { method: 'POST', headers: { ...usual, ...headers }, body: new Uint8Array(Buffer.from(body)) };
  const response = await fetch(`${ingestion.server.url}/v2.1/track`, sent);
  return [response.status, await response.json()];
}

async function arrived(): Promise<unknown[]> {
  const items = (await (await fetch(`${ingestion.server.url}/__telemetry`)).json()) as TelemetryItem[];
  return items.map(({ data }) => data.baseData['name']);
}

test('an array of items is taken and shown as it came', async () => {
  const [status, answer] = await send(JSON.stringify([event('one'), event('two')]));
  expect(status).toBe(200);
  expect(answer).toEqual({ itemsReceived: 2, itemsAccepted: 2, errors: [] });
  expect(await arrived()).toEqual(['one', 'two']);
});

test('one item a line is taken, packed or not', async () => {
  const lines = `${JSON.stringify(event('one'))}\n${JSON.stringify(event('two'))}\n`;
  const stream = { 'content-type': 'application/x-json-stream' };
  expect((await send(lines, stream))[0]).toBe(200);
  expect((await send(gzipSync(lines), { ...stream, 'content-encoding': 'gzip' }))[0]).toBe(200);
  expect((await send(gzipSync(JSON.stringify([event('three')])), { 'content-encoding': 'gzip' }))[0]).toBe(200);
  expect(await arrived()).toEqual(['one', 'two', 'one', 'two', 'three']);
});

test.each([
  ['no token', ''],
  ['a token for another service', `Bearer ${tokenFor('https://management.azure.com')}`],
  ['a token of another tenant', `Bearer ${tokenFor(monitor, 'somebody-else')}`],
  ['a forged token', `Bearer ${tokenFor(monitor)}x`],
])('%s is refused and nothing is kept', async (_, authorization) => {
  const [status, answer] = await send(JSON.stringify([event('one')]), { authorization });
  expect(status).toBe(401);
  expect(answer).toMatchObject({ itemsAccepted: 0 });
  expect(await arrived()).toEqual([]);
});

test('items that are not telemetry, or of another resource, are told by their place; the others are kept', async () => {
  const stranger = { ...event('x'), iKey: '00000000-0000-0000-0000-000000000000' };
  const [status, answer] = await send(JSON.stringify([event('one'), { name: 'x' }, stranger]));
  expect(status).toBe(206);
  expect(answer).toMatchObject({
    itemsReceived: 3,
    itemsAccepted: 1,
    errors: [
      { index: 1, statusCode: 400 },
      { index: 2, statusCode: 400, message: 'Invalid instrumentation key' },
    ],
  });
  expect(await arrived()).toEqual(['one']);
  expect((await send(JSON.stringify([stranger])))[0]).toBe(400);
  expect((await send('{"half": '))[0]).toBe(400);
});
