import * as v from 'valibot';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ensureWarehouse } from '../../activities/ensureWarehouse.ts';
import { readWarehouse } from '../../activities/readWarehouse.ts';
import { startWarehouse } from '../../activities/startWarehouse.ts';
import { verifyResults } from '../../activities/verifyResults.ts';
import { withSqlSession } from '../../clients/databricksSql.ts';
import { ownerTag, warehouseNameFor } from '../../domain/ids.ts';
import type { Deployment, VerifyInput, Warehouse, Workspace } from '../../domain/steps.ts';
import type { FaultRule } from '../../local/faults/faults.ts';
import type { ApiServer } from '../../local/kit/server.ts';
import { type ActivityCloud, failureOf, startActivityCloud } from '../support/activityCloud.ts';
import { type CloudAnswer, cloudCaller } from '../../local/soak/cloudCaller.ts';
import { quickLatencies } from '../../local/simulation/quickCloud.ts';
import { findWorkspace } from '../../local/cloud/findWorkspace.ts';
import { setFault, setScenario } from '../support/world.ts';

const path = '/api/2.0/sql/warehouses';
const name = 'ws-results';
let activities: ActivityCloud;
let deployment: Deployment;
let workspace: Workspace;
let server: ApiServer;
beforeAll(async () => {
  activities = await startActivityCloud();
  deployment = activities.deployment(name);
  workspace = await activities.readyWorkspace(deployment);
  server = findWorkspace(activities.cloud, name);
});
beforeEach(() => server.faults.clear());
afterAll(() => activities.cloud.close());

const api = (method: string, where: string, body?: unknown): Promise<CloudAnswer> =>
  cloudCaller(activities.cloud).databricks(name, method, where, body);
const fault = (method: string, where: string, rule: Omit<FaultRule, 'method' | 'path'>): Promise<void> =>
  setFault(server, { method, path: where, ...rule });
const input = (id: string) => ({ ...deployment, id, workspace });
const listed = async (id: string): Promise<{ id: string }[]> => {
  const { warehouses = [] } = (await api('GET', path)).body as { warehouses?: { id: string; name: string }[] };
  return warehouses.filter((one) => one.name === warehouseNameFor(id));
};
const lost = { code: 'DATABRICKS_UNAVAILABLE', retryable: true };
const pass = (seconds: number): void => activities.clock.advance(seconds * 1000);

describe('ensureWarehouse', () => {
  test('makes the smallest warehouse with our tag, which stops by itself, and finds it again', async () => {
    const first = await ensureWarehouse(input('a'.repeat(24)));
    expect(first.url).toBe(`https://${workspace.host}/sql/warehouses/${first.id}`);
    expect(await ensureWarehouse(input('a'.repeat(24)))).toEqual(first);
    expect((await api('GET', `${path}/${first.id}`)).body).toMatchObject({
      name: `accelerator-${'a'.repeat(24)}`,
      cluster_size: '2X-Small',
      warehouse_type: 'PRO',
      auto_stop_mins: 10,
      max_num_clusters: 1,
      enable_serverless_compute: false,
      tags: { custom_tags: [{ key: ownerTag, value: 'a'.repeat(24) }] },
    });
  });

  test('makes one when the reply to the creation is lost', async () => {
    const id = 'b'.repeat(24);
    await fault('POST', path, { reset: true, when: 'after' });
    expect(await failureOf(ensureWarehouse(input(id)))).toMatchObject(lost);
    const { id: kept } = await ensureWarehouse(input(id));
    expect(await listed(id)).toMatchObject([{ id: kept }]);
  });

  test('takes what it has just made when the list does not show it yet', async () => {
    const id = 'c'.repeat(24);
    await fault('GET', path, { status: 200, body: {}, times: 2 });
    const made = await ensureWarehouse(input(id));
    expect(await ensureWarehouse(input(id))).toEqual(made);
  });

  test('finds it on a later page of the list', async () => {
    const id = '4'.repeat(24);
    const own = await ensureWarehouse(input(id));
    await fault('GET', path, { status: 200, body: { next_page_token: 'second' } });
    expect(await ensureWarehouse(input(id))).toEqual(own);
  });

  test('keeps the lowest of several, and removes the others', async () => {
    const id = 'd'.repeat(24);
    const own = await ensureWarehouse(input(id));
    const seen = (await api('GET', `${path}/${own.id}`)).body;
    const other = { ...seen, id: `0${own.id.slice(1)}` };
    const higher = { ...seen, id: `g${own.id.slice(1)}` };
    await fault('GET', path, { status: 200, body: { warehouses: [higher, seen] } });
    expect(await ensureWarehouse(input(id))).toEqual(own);
    expect(server.requests.filter(({ method }) => method === 'DELETE').map((one) => one.path)).toEqual([
      `${path}/${higher.id}`,
    ]);
    await fault('GET', path, { status: 200, body: { warehouses: [seen, other] } });
    expect((await ensureWarehouse(input(id))).id).toBe(other.id);
  });

  test('leaves alone one of its name that somebody else has made, and one that is being deleted', async () => {
    const id = 'e'.repeat(24);
    const theirs = { name: warehouseNameFor(id), cluster_size: 'Small', auto_stop_mins: 0 };
    const { body } = await api('POST', path, theirs);
    const failure = await failureOf(ensureWarehouse(input(id)));
    expect(failure).toMatchObject(lost);
    expect(failure.message).toContain(`rename or delete the SQL warehouse ${warehouseNameFor(id)}`);
    await api('DELETE', `${path}/${String(body['id'])}`);
    expect(await failureOf(ensureWarehouse(input(id)))).toMatchObject(lost);
    pass(2);
    expect((await ensureWarehouse(input(id))).id).not.toBe(body['id']);
  });
});

describe('startWarehouse and readWarehouse', () => {
  const made = async (id: string): Promise<{ workspace: Workspace; warehouse: Warehouse }> => ({
    workspace,
    warehouse: await ensureWarehouse(input(id)),
  });

  test('wait for one that starts, and start one that has stopped', async () => {
    const look = await made('f'.repeat(24));
    expect(await startWarehouse(look)).toEqual({ state: 'waiting' });
    pass(quickLatencies.warehouseSeconds);
    const endpoint = { host: 'localhost', port: server.port, path: `/sql/1.0/warehouses/${look.warehouse.id}` };
    expect(await readWarehouse(look)).toEqual({ state: 'running', endpoint });
    expect(await startWarehouse(look)).toEqual({ state: 'running', endpoint });
    await api('POST', `${path}/${look.warehouse.id}/stop`);
    expect(await startWarehouse(look)).toEqual({ state: 'waiting' });
    pass(2);
    expect(await readWarehouse(look)).toEqual({ state: 'stopped' });
    expect(await startWarehouse(look)).toEqual({ state: 'waiting' });
    expect(await readWarehouse(look)).toEqual({ state: 'waiting' });
  });

  test('tell why a start failed, and try another start all the same', async () => {
    const reason = { code: 'AZURE_QUOTA_EXCEEDED_EXCEPTION', message: 'The quota of cores is used up.' };
    await setScenario(server, { kind: 'warehouseFailsToStart', type: 'CLIENT_ERROR', ...reason });
    const look = await made('1'.repeat(24));
    pass(quickLatencies.warehouseSeconds);
    const failure = await failureOf(readWarehouse(look));
    expect(failure).toMatchObject({ code: 'WAREHOUSE_FAILED', retryable: false, link: look.warehouse.url });
    expect(`${failure.message} ${failure.cause}`).toContain(reason.message);
    expect(failure.cause).toContain(reason.code);
    expect(await startWarehouse(look)).toEqual({ state: 'waiting' });
    pass(quickLatencies.warehouseSeconds);
    expect(await readWarehouse(look)).toMatchObject({ state: 'running' });
  });

  test('tell that one is gone, while it is being deleted and afterwards', async () => {
    const look = await made('2'.repeat(24));
    await api('DELETE', `${path}/${look.warehouse.id}`);
    const gone = { code: 'WAREHOUSE_LOST', retryable: false };
    expect(await failureOf(readWarehouse(look))).toMatchObject(gone);
    pass(2);
    expect(await failureOf(readWarehouse(look))).toMatchObject(gone);
    expect(await failureOf(startWarehouse(look))).toMatchObject(gone);
    await fault('GET', `${path}/${look.warehouse.id}`, { status: 200, body: { state: 'STOPPED' } });
    expect(await failureOf(startWarehouse(look))).toMatchObject(gone);
  });
});

describe('verifyResults', () => {
  const at = `${name.replaceAll('-', '_')}.implied_volatility`;
  const owner = { deployment: 'd', attempt: '1-x' };

  /** Something to verify that is not there: enough for what comes before the judgement. */
  async function verification(more: Partial<VerifyInput> = {}): Promise<VerifyInput> {
    const warehouse = await ensureWarehouse(input('3'.repeat(24)));
    await startWarehouse({ workspace, warehouse });
    pass(quickLatencies.warehouseSeconds);
    const endpoint = { host: 'localhost', port: server.port, path: `/sql/1.0/warehouses/${warehouse.id}` };
    const results = {
      metrics: {},
      tables: { evaluation: `${at}.evaluation` },
      rows: { evaluation: 1 },
      mlflow: { experiment_id: '1', run_id: 'f'.repeat(32) },
      model: { name: `${at}.model`, version: '1' },
    };
    return { workspace, warehouse, endpoint, owner, results, ...more };
  }

  test('names the table that is not there, with its page', async () => {
    expect(await failureOf(verifyResults(await verification()))).toMatchObject({
      code: 'RESULTS_MISSING',
      message: `The table ${at}.evaluation (evaluation) is not there.`,
      retryable: false,
      link: `https://${workspace.host}/explore/data/${at.replace('.', '/')}/evaluation`,
      cause: expect.stringContaining('[TABLE_OR_VIEW_NOT_FOUND]') as string,
    });
  });

  test('names the table that is not there, and not one whose name is the beginning of it', async () => {
    const wanted = await verification();
    const tables = { evaluation: `${at}.evaluation`, more: `${at}.evaluation_more` };
    activities.compute.tablesIn(name.replaceAll('-', '_')).write(tables.evaluation, {
      columns: ['deployment', 'attempt', 'model', 'metric', 'value'],
      groups: [{ ...owner, rows: 1 }],
    });
    const results = { ...wanted.results, tables, rows: { evaluation: 1, more: 1 } };
    const failure = await failureOf(verifyResults({ ...wanted, results }));
    activities.compute.tablesIn(name.replaceAll('-', '_')).drop(tables.evaluation);
    expect(failure).toMatchObject({
      code: 'RESULTS_MISSING',
      message: `The table ${tables.more} (more) is not there.`,
      link: expect.stringMatching(/evaluation_more$/) as string,
    });
  });

  test('sends no token to a warehouse elsewhere, whatever its address is said to be', async () => {
    const { endpoint } = await verification();
    const before = server.requests.length;
    for (const foreign of [
      { ...endpoint, host: '127.0.0.1' },
      { ...endpoint, port: 443 },
      { ...endpoint, host: `${endpoint.host}@evil.test` },
      { ...endpoint, path: '/sql/1.0/warehouses/../../evil' },
      { ...endpoint, path: 'evil.test/' },
    ]) {
      const failure = await failureOf(verifyResults({ ...(await verification()), endpoint: foreign }));
      expect(failure).toMatchObject({ code: 'WORKSPACE_HOST_REFUSED', retryable: false });
    }
    const foreignHost = { ...workspace, host: 'evil.test' };
    const input = { ...(await verification()), workspace: foreignHost, endpoint: { ...endpoint, host: 'evil.test' } };
    expect(await failureOf(verifyResults(input))).toMatchObject({ code: 'WORKSPACE_HOST_REFUSED' });
    expect(server.requests.slice(before).filter((one) => one.path.startsWith('/sql/1.0'))).toEqual([]);
  });

  test.each<[what: string, call: string, rule: Omit<FaultRule, 'method' | 'path'>, expected: object]>([
    ['a cut connection', 'OpenSession', { reset: true }, lost],
    ['an error of the server', 'ExecuteStatement', { status: 500, body: {} }, lost],
    [
      'a page',
      'OpenSession',
      { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>Sign in</html>' },
      { code: 'ANSWER_INVALID', retryable: true },
    ],
    [
      'an answer that is empty',
      'ExecuteStatement',
      { status: 200, headers: { 'content-type': 'application/x-thrift' }, body: '' },
      { code: 'ANSWER_INVALID', retryable: true },
    ],
    ['no content', 'ExecuteStatement', { status: 204 }, { code: 'ANSWER_INVALID', retryable: true }],
    [
      'throttling',
      'ExecuteStatement',
      { status: 429, headers: { 'retry-after': '40' }, body: {} },
      { code: 'DATABRICKS_THROTTLED', retryable: true, retryAfterSeconds: 40 },
    ],
    [
      'a refused token',
      'ExecuteStatement',
      { status: 401, body: { error_code: 'UNAUTHENTICATED', message: 'Invalid access token.' } },
      { code: 'DATABRICKS_DENIED', retryable: true },
    ],
  ])('hands on %s as what may pass, asks once, and closes its session', async (_what, call, rule, expected) => {
    const wanted = await verification();
    await fault('POST', `/sql/1.0/warehouses/*#${call}`, rule);
    const before = server.requests.length;
    expect(await failureOf(verifyResults(wanted))).toMatchObject(expected);
    const calls = server.requests.slice(before).map((one) => one.path.split('#')[1]);
    expect(calls.filter((one) => one === call)).toHaveLength(1);
    const { body } = await api('GET', `${path}/${wanted.warehouse.id}`);
    expect(body['num_active_sessions']).toBe(0);
  });

  describe('of a statement that takes longer than the server holds its answer back', () => {
    beforeEach(async () => {
      await verification();
      const tables = activities.compute.tablesIn(name.replaceAll('-', '_'));
      const columns = ['deployment', 'attempt', 'model', 'metric', 'value'];
      const metrics = [{ ...owner, model: 'network', metric: 'r2', value: 0.99 }];
      tables.write(`${at}.evaluation`, { columns, groups: [{ ...owner, rows: 1 }], metrics });
      tables.statementSeconds = 10;
      return () => {
        tables.statementSeconds = 0;
        tables.drop(`${at}.evaluation`);
      };
    });
    // The MLflow run is looked up when the tables are proven.
    const proven = { code: 'RESULTS_MISSING', message: expect.stringContaining('MLflow run') as string };

    /** Lets the clock go on while the driver asks for the statement's state. */
    async function verified(): Promise<{ failure: object; calls: string[] }> {
      const wanted = await verification();
      const before = server.requests.length;
      let failure: object | undefined;
      void failureOf(verifyResults(wanted)).then((ended) => (failure = ended));
      await expect
        .poll(
          () => {
            pass(0.5);
            return failure;
          },
          { timeout: 20_000, interval: 20 },
        )
        .toBeDefined();
      const calls = server.requests.slice(before).flatMap((one) => one.path.split('#')[1] ?? []);
      return { failure: failure ?? {}, calls };
    }

    test('the rows are fetched, one page for the counts, and the statement is closed', async () => {
      const { failure, calls } = await verified();
      expect(failure).toMatchObject(proven);
      const counts = Object.groupBy(calls, (call) => call);
      expect(counts['GetOperationStatus']?.length).toBeGreaterThan(1);
      expect(counts['GetResultSetMetadata']).toHaveLength(2);
      expect(calls.slice(0, calls.indexOf('CloseOperation')).filter((call) => call === 'FetchResults')).toHaveLength(1);
      expect(counts['CloseOperation']).toHaveLength(2);
      expect(calls.at(-1)).toBe('CloseSession');
    });

    test('a page that is lost in transit may come the next time', async () => {
      await fault('POST', '/sql/1.0/warehouses/*#FetchResults', { reset: true, when: 'after' });
      expect((await verified()).failure).toMatchObject(lost);
      expect((await verified()).failure).toMatchObject(proven);
    });

    test('a token that ends meanwhile may be followed by another', async () => {
      const body = { error_code: 'UNAUTHENTICATED', message: 'Token is expired.' };
      await fault('POST', '/sql/1.0/warehouses/*#GetOperationStatus', { status: 401, skip: 1, body });
      expect((await verified()).failure).toMatchObject({ code: 'DATABRICKS_DENIED', retryable: true });
      expect((await verified()).failure).toMatchObject(proven);
    });
  });

  test('gives up a query that takes too long, says how long, and leaves no session', async () => {
    const { endpoint, warehouse } = await verification();
    await fault('POST', '/sql/1.0/warehouses/*#ExecuteStatement', { latencyMs: 1000 });
    const query = { text: 'SELECT 1', parameters: {} };
    const late = withSqlSession(workspace, endpoint, 0.5, (session) => session.rows(query, v.unknown(), 1));
    expect(await failureOf(late)).toMatchObject({
      ...lost,
      message: 'The SQL warehouse took longer than 0.5 seconds.',
    });
    const { body } = await api('GET', `${path}/${warehouse.id}`);
    expect(body['num_active_sessions']).toBe(0);
  });

  test.each([
    ['session', 0],
    ['statement', 1],
  ])('hands on that there is no token for the %s as what may pass, and leaves no session', async (_call, skip) => {
    const wanted = await verification();
    const { identity } = activities.cloud.azure;
    await setFault(identity, { method: 'GET', path: '/msi/token', status: 500, body: {}, skip });
    expect(await failureOf(verifyResults(wanted))).toMatchObject({ code: 'TOKEN_UNAVAILABLE', retryable: true });
    identity.faults.clear();
    const { body } = await api('GET', `${path}/${wanted.warehouse.id}`);
    expect(body['num_active_sessions']).toBe(0);
  });

  test('tells that the warehouse is gone', async () => {
    const wanted = await verification();
    await api('DELETE', `${path}/${wanted.warehouse.id}`);
    pass(2);
    expect(await failureOf(verifyResults(wanted))).toMatchObject({ code: 'WAREHOUSE_LOST', retryable: false });
  });
});
