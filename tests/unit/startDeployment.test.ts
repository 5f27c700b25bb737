import { HttpRequest, type HttpResponseInit, type InvocationContext } from '@azure/functions';
import type { DurableClient } from 'durable-functions';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { DeployInput } from '../../domain/steps.ts';
import { withProblems } from '../../functions/problem.ts';
import { startDeployment } from '../../functions/startDeployment.ts';
import { stubSettings } from '../support/usualSettings.ts';

/** A durable client over a map: what the trigger asks of it, and nothing else. */
class KnownInstances {
  readonly started: DeployInput[] = [];
  readonly #known = new Map<string, object>();
  /** Makes the next start lose against a twin that was started with this input. */
  twin: DeployInput | undefined;

  async getStatus(id: string): Promise<object> {
    const status = this.#known.get(id);
    if (!status) throw new Error('DurableClient error: Durable Functions extension replied with HTTP 404 response. ');
    return status;
  }

  async getStatusBy(): Promise<object[]> {
    return [...this.#known.values()];
  }

  async startNew(_name: string, { instanceId, input }: { instanceId: string; input: DeployInput }): Promise<string> {
    this.end(instanceId, 'Running', this.twin ?? input);
    if (this.twin) throw new Error('The operation failed with an unexpected status code: 409');
    this.started.push(input);
    return instanceId;
  }

  end(instanceId: string, runtimeStatus: string, input: DeployInput): void {
    const times = { createdTime: new Date(0), lastUpdatedTime: new Date(1000) };
    this.#known.set(instanceId, {
      instanceId,
      name: 'deploy',
      runtimeStatus,
      input,
      customStatus: null,
      output: null,
      ...times,
    });
  }
}

const minimal = { resourceGroup: 'rg-a', workspaceName: 'ws-a' };
const lines: string[] = [];
const ctx = {
  log: (line: string) => lines.push(line),
  error() {},
  invocationId: 'i',
} as unknown as InvocationContext;

let client: KnownInstances;

// The settings are read at the first request.
beforeAll(() => {
  stubSettings({
    WEBSITE_AUTH_ENABLED: 'True',
    ACCELERATORS: '{"predicting-implied-volatility":{"repositoryUrl":"https://github.com/a/r","tag":"v1"}}',
    ALLOWED_RESOURCE_GROUPS: 'rg-a,rg-b',
    ALLOWED_LOCATIONS: 'westeurope,northeurope',
    MAX_ACTIVE_DEPLOYMENTS: '2',
  });
});

beforeEach(() => {
  client = new KnownInstances();
  lines.length = 0;
});

const post = async (
  body: unknown,
  headers: Record<string, string> = {},
): Promise<HttpResponseInit & { json: Record<string, unknown> }> => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const url = 'https://app.test/api/deployments';
  const request = new HttpRequest({ method: 'POST', url, headers, body: { string: text } });
  const answer = await withProblems(startDeployment)(request, client as unknown as DurableClient, ctx);
  return { ...answer, json: JSON.parse(answer.body as string) as Record<string, unknown> };
};

describe('startDeployment', () => {
  test('starts a deployment and answers 202 with its link', async () => {
    const { status, headers, json } = await post(minimal);
    expect(status).toBe(202);
    expect(headers).toMatchObject({ location: json['statusQueryGetUri'], 'retry-after': '5' });
    expect(client.started).toMatchObject([
      { deployment: { attempt: 1, location: 'westeurope', accelerator: { tag: 'v1' } }, earlierAttempts: [] },
    ]);
  });

  test.each([
    ['the same text', JSON.stringify(minimal)],
    ['the keys in another order', '{"workspaceName":"ws-a","resourceGroup":"rg-a"}'],
    ['the defaults spelt out', { ...minimal, ifExists: 'use', compute: {}, tags: {}, parameters: {} }],
  ])('takes %s for the same request and starts nothing', async (_what, body) => {
    const first = await post(minimal);
    const second = await post(body);
    expect(second.status).toBe(202);
    expect(second.json['id']).toBe(first.json['id']);
    expect(client.started).toHaveLength(1);
  });

  test('compares nested wishes without regard to the order of their keys', async () => {
    await post({ ...minimal, tags: { a: '1', b: '2' }, parameters: { x: '1', y: '2' } });
    const twin = await post({ ...minimal, parameters: { y: '2', x: '1' }, tags: { b: '2', a: '1' } });
    expect(twin.status).toBe(202);
    expect(client.started).toHaveLength(1);
  });

  test.each([
    ['a tag more', { tags: { a: '1' } }],
    ['another ifExists', { ifExists: 'fail' }],
    ['another location', { location: 'northeurope' }],
    ['a cluster wish', { compute: { workers: 2 } }],
  ])('answers 409 for an active twin with %s', async (_what, change) => {
    await post(minimal);
    const { status, json } = await post({ ...minimal, ...change });
    expect([status, json['code']]).toEqual([409, 'DEPLOYMENT_CONFLICT']);
    expect(client.started).toHaveLength(1);
  });

  test('answers 200 for the same request after success, and starts another one as the next attempt', async () => {
    const { json } = await post(minimal);
    const id = json['id'] as string;
    const first = client.started[0] as DeployInput;
    client.end(id, 'Completed', first);
    expect((await post(minimal)).status).toBe(200);
    expect(client.started).toHaveLength(1);
    expect((await post({ ...minimal, tags: { a: '1' } })).status).toBe(202);
    expect(client.started[1]).toMatchObject({
      deployment: { id, attempt: 2 },
      earlierAttempts: [{ attempt: 1, outcome: 'Succeeded', startedAt: '1970-01-01T00:00:00.000Z' }],
    });
  });

  test.each(['Failed', 'Terminated'])('tries again what has %s', async (state) => {
    const { json } = await post(minimal);
    client.end(json['id'] as string, state, client.started[0] as DeployInput);
    expect((await post(minimal)).status).toBe(202);
    expect(client.started[1]).toMatchObject({ deployment: { attempt: 2 } });
  });

  test('joins a twin that came first, and refuses one with another request', async () => {
    const { json } = await post(minimal);
    const own = client.started[0] as DeployInput;
    client = new KnownInstances();
    client.twin = own;
    expect((await post(minimal)).json['id']).toBe(json['id']);
    client = new KnownInstances();
    client.twin = own;
    expect((await post({ ...minimal, ifExists: 'fail' })).status).toBe(409);
  });

  test('answers 429 when as many deployments run as the settings allow', async () => {
    await post(minimal);
    await post({ ...minimal, workspaceName: 'ws-b' });
    const { status, headers, json } = await post({ ...minimal, workspaceName: 'ws-c' });
    expect([status, json['code'], json['retryAfterSeconds']]).toEqual([429, 'TOO_MANY_DEPLOYMENTS', 60]);
    expect(headers).toMatchObject({ 'retry-after': '60' });
    expect(client.started).toHaveLength(2);
  });

  test('keeps the caller\u2019s name in the record and the log, and the id only as a hash', async () => {
    const ann = { 'x-ms-client-principal-name': 'ann@example.test', 'x-ms-client-principal-id': '77-secret' };
    await post(minimal, ann);
    expect(client.started).toMatchObject([
      { requestedBy: 'ann@example.test', starts: [{ caller: expect.stringMatching(/^[0-9a-f]{16}$/) as string }] },
    ]);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { evt: 'deployment.started', by: 'ann@example.test' },
    ]);
    expect(JSON.stringify([client.started, lines])).not.toContain('77-secret');
  });

  test('gives a deployment the network and the tags of the settings and the request', async () => {
    await post({ ...minimal, tags: { owner: 'ann' } });
    expect(client.started).toMatchObject([{ deployment: { network: { noPublicIp: true }, tags: { owner: 'ann' } } }]);
  });

  test.each([
    ['no JSON', '{', 400, undefined],
    ['too much', JSON.stringify('x'.repeat(20_000)), 413, undefined],
    ['an unknown key', { ...minimal, wish: 1 }, 422, '/wish'],
    [
      'a key that stands twice',
      '{"resourceGroup":"rg-a","resourceGroup":"rg-b","workspaceName":"ws-a"}',
      422,
      undefined,
    ],
    ['another resource group', { ...minimal, resourceGroup: 'rg-x' }, 422, '/resourceGroup'],
    ['another location', { ...minimal, location: 'eastus' }, 422, '/location'],
    ['another accelerator', { ...minimal, accelerator: 'constructor' }, 422, '/accelerator'],
    ['another node type', { ...minimal, compute: { nodeType: 'Standard_ND96' } }, 422, '/compute/nodeType'],
  ])('starts nothing for %s', async (_what, body, status, pointer) => {
    const answer = await post(body);
    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject({ 'content-type': 'application/problem+json' });
    const faults = (answer.json['errors'] ?? []) as { pointer: string }[];
    expect(faults[0]?.pointer).toBe(pointer);
    expect(client.started).toEqual([]);
  });
});
