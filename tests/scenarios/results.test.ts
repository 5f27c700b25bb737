import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { FailureView, StatusResource } from '../../domain/status.ts';
import type { NotebookScript } from '../../local/databricks/notebooks/scriptedCompute.ts';
import type { FaultRule } from '../../local/faults/faults.ts';
import { type CloudCaller, cloudCaller } from '../../local/soak/cloudCaller.ts';
import { expectFailure, secondsOf } from '../support/expectFailure.ts';
import { inventoryOf, oneOfEach } from '../../local/soak/inventory.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { spoiledTraining } from '../support/spoiledResults.ts';
import { setScenario, startWorld, type World } from '../support/world.ts';

const script: NotebookScript = { ...quickScript, '03_train_models': spoiledTraining };
const arranged = new Map<string, { scenario?: { kind: string } & Record<string, unknown>; fault?: FaultRule }>();
let world: World;
let caller: CloudCaller;

beforeAll(async () => {
  world = await startWorld({
    script,
    latencies: quickLatencies,
    settings: ({ ACCELERATORS: usual }) => {
      const known = JSON.parse(usual ?? '{}') as Record<string, object>;
      const unproven = { ...known['predicting-implied-volatility'], verify: false };
      return {
        ACCELERATORS: JSON.stringify({ ...known, unproven }),
        // As it was written before there were warehouses.
        EXPECTED_SECONDS: '{"workspace":20,"storage":10,"runme":12,"notebooks":16}',
      };
    },
    onWorkspace: (name, server) => {
      const { scenario, fault } = arranged.get(name) ?? {};
      if (scenario) void setScenario(server, scenario);
      if (fault) server.faults.add(fault);
    },
  });
  caller = cloudCaller(world.cloud);
});
afterAll(() => world.close());

let workspaces = 0;
const nextWorkspace = (): string => `dbw-results-${++workspaces}`;
const current = (): string => `dbw-results-${workspaces}`;

/** Deploys into a new workspace, whose results are spoiled or whose platform has this trouble. */
async function deployWith(
  trouble: { mode?: string; scenario?: { kind: string } & Record<string, unknown>; fault?: FaultRule } = {},
): Promise<StatusResource> {
  const { mode, ...platform } = trouble;
  const workspaceName = nextWorkspace();
  arranged.set(workspaceName, platform);
  return world.deploy({ workspaceName, ...(mode && { parameters: { mode } }) });
}

interface Warehouse {
  id: string;
  state: string;
  num_active_sessions: number;
}

async function warehouses(workspaceName = current()): Promise<Warehouse[]> {
  const { body } = await caller.databricks(workspaceName, 'GET', '/api/2.0/sql/warehouses');
  return (body['warehouses'] ?? []) as Warehouse[];
}

const table = (role: string): string => `${current().replaceAll('-', '_')}.implied_volatility.${role}`;
const pageOf = (role: string): string =>
  `${world.workspace(current()).url}/explore/data/${table(role).replaceAll('.', '/')}`;
const tried = (ended: StatusResource): number | undefined =>
  ended.steps.find(({ name }) => name === 'verification')?.tries;

/** Sessions that a test leaves open on purpose; the warehouse closes them itself, hours later. */
let sessionsLeft = 0;

/** No orchestration goes on, no session is open, and the warehouse has stopped by itself soon after. */
async function expectNothingLeft(): Promise<void> {
  const path = `/runtime/webhooks/durabletask/instances?runtimeStatus=Running,Pending&code=${world.host.keys.durable}`;
  expect(await (await world.call(path, { key: '' })).json()).toEqual([]);
  world.workspace(current()).faults.clear();
  expect((await warehouses()).reduce((sum, one) => sum + one.num_active_sessions, 0)).toBe(sessionsLeft);
  sessionsLeft = 0;
  await fetch(`${world.workspace(current()).url}/__scenarios`, { method: 'DELETE' });
  await world.pass(620);
  expect((await warehouses()).filter(({ state }) => state !== 'STOPPED')).toEqual([]);
}
afterEach(expectNothingLeft);

describe('a table that', () => {
  test.each<[what: string, mode: string, code: FailureView['code'], role: string, words: string[]]>([
    ['is not there', 'table_missing', 'RESULTS_MISSING', 'labels', ['is not there']],
    ['is empty', 'table_empty', 'RESULTS_EMPTY', 'labels', ['is empty']],
    [
      'is of another deployment',
      'table_of_another_deployment',
      'RESULTS_STALE',
      'features',
      ['1000 of deployment somebody attempt 7-x'],
    ],
    [
      'is of an earlier attempt',
      'table_of_an_earlier_attempt',
      'RESULTS_STALE',
      'features',
      ['1000 of', 'attempt 0-x'],
    ],
    ['is half overwritten', 'table_half_overwritten', 'RESULTS_STALE', 'features', ['has 400', '600 of', 'somebody']],
    ['has another schema', 'table_without_attempt', 'RESULTS_INVALID', 'labels', ['other columns']],
    ['has no column for metrics', 'evaluation_without_value', 'RESULTS_INVALID', 'evaluation', ['other columns']],
    ['lacks a row', 'too_few_rows', 'RESULTS_INVALID', 'features', ['has 999 rows', 'said 1000']],
    ['has a row too many', 'too_many_rows', 'RESULTS_INVALID', 'features', ['has 1001 rows', 'said 1000']],
    [
      'has more rows than a number holds',
      'rows_beyond_2_to_the_53',
      'RESULTS_INVALID',
      'features',
      ['9007199254740991'],
    ],
  ])('%s ends the deployment with its name and its page', async (_what, mode, code, role, words) => {
    const failure = expectFailure(await deployWith({ mode }), code as 'RESULTS_MISSING', 'verification');
    for (const part of [table(role), ...words]) expect(failure.message).toContain(part);
    expect(failure.link).toBe(pageOf(role));
  });

  test('keeps the rows of an earlier attempt beside those of this one is proven', async () => {
    const ended = await deployWith({ mode: 'table_with_earlier_rows_beside' });
    expect(ended.failure).toBeUndefined();
    expect(ended.verified?.tables[0]).toMatchObject({ role: 'features', rows: 1000 });
  });
});

describe('metrics that', () => {
  test.each<[what: string, mode: string, code: FailureView['code'], words: string[]]>([
    ['differ from MLflow', 'metric_differs', 'RESULTS_INVALID', ['is 0.5', 'by MLflow']],
    ['MLflow does not know', 'metric_unknown_to_mlflow', 'RESULTS_INVALID', ['my_', 'missing by MLflow']],
    ['are no numbers', 'metric_is_text', 'RESULTS_INVALID', ['The metric', 'is "good" in', 'evaluation']],
    ['are of another model', 'metrics_of_the_paper_only', 'RESULTS_EMPTY', ['no metrics of the network']],
    ['the notebook tells otherwise', 'notebook_says_another_metric', 'RESULTS_INVALID', ['by the notebook']],
  ])('%s end the deployment', async (_what, mode, code, words) => {
    const failure = expectFailure(await deployWith({ mode }), code as 'RESULTS_INVALID', 'verification');
    for (const part of words) expect(failure.message).toContain(part);
  });
});

describe('an MLflow run or a model that', () => {
  test.each<[what: string, mode: string, code: FailureView['code'], words: string[]]>([
    ['is not there (run)', 'run_missing', 'RESULTS_MISSING', ['The MLflow run ffffffff', 'is not there']],
    ['has failed', 'run_failed', 'RESULTS_INVALID', ['is FAILED']],
    ['is of another deployment', 'run_of_another_deployment', 'RESULTS_STALE', ['of deployment somebody']],
    ['is of an earlier attempt', 'run_of_an_earlier_attempt', 'RESULTS_STALE', ['attempt 0-x']],
    ['has been deleted', 'run_deleted', 'RESULTS_MISSING', ['The MLflow run', 'has been deleted']],
    ['is not there (model)', 'model_missing', 'RESULTS_MISSING', ['implied_volatility version 99 is not there']],
    [
      'is not there (model of the workspace)',
      'model_missing_in_the_workspace',
      'RESULTS_MISSING',
      ['The model implied_volatility version 1 is not there'],
    ],
    ['could not be registered', 'model_without_files', 'RESULTS_INVALID', ['is FAILED_REGISTRATION']],
  ])('%s ends the deployment', async (_what, mode, code, words) => {
    const failure = expectFailure(await deployWith({ mode }), code as 'RESULTS_INVALID', 'verification');
    for (const part of words) expect(failure.message).toContain(part);
  });
});

test('results in a schema with a name that is not plain English are proven, and their links lead to their pages', async () => {
  const ended = await world.deploy({ workspaceName: nextWorkspace(), parameters: { schema: 'gr\u00f6\u00dfe$1' } });
  expect(ended.failure).toBeUndefined();
  expect(ended.verified?.tables[0]?.name).toMatch(/\.gr\u00f6\u00dfe\$1\.features$/);
  expect((await fetch(ended.links.model ?? '')).status).toBe(200);
});

test('a model in the registry of the workspace is proven, and its link leads to its page', async () => {
  const ended = await deployWith({ mode: 'model_in_the_workspace' });
  expect(ended.failure).toBeUndefined();
  expect(ended.verified?.model).toMatchObject({ name: 'implied_volatility', version: '1' });
  expect((await fetch(ended.links.model ?? '')).status).toBe(200);
});

describe('the last notebook', () => {
  test.each([
    ['nothing', 'silent'],
    ['words', 'chatty'],
    ['names of two levels', 'names_of_two_levels'],
    ['a name with SQL in it', 'name_that_is_sql'],
    ['row counts of other tables', 'rows_of_no_table'],
  ])('that hands over %s ends the deployment before a warehouse is made', async (_what, mode) => {
    const ended = await deployWith({ mode });
    const failure = expectFailure(ended, 'RESULTS_UNDECLARED', 'notebooks');
    expect(failure.cause).toMatch(/\S{3}/);
    expect(failure.link).toBe(ended.links.notebooksRun);
    expect(await warehouses()).toEqual([]);
  });

  test('need not hand over anything when the catalogue says that nothing is verified', async () => {
    const request = { workspaceName: nextWorkspace(), accelerator: 'unproven', parameters: { mode: 'silent' } };
    const ended = await world.deploy(request);
    expect(ended.failure).toBeUndefined();
    expect(ended.verified).toBeUndefined();
    expect(ended.steps.at(-1)).toMatchObject({ name: 'notebooks', state: 'done' });
    expect(await warehouses()).toEqual([]);
  });
});

describe('a warehouse that', () => {
  test('never runs is given up after fifteen minutes', async () => {
    const ended = await deployWith({ scenario: { kind: 'warehouseNeverStarts' } });
    const failure = expectFailure(ended, 'WAREHOUSE_TIMEOUT', 'warehouse');
    expect(failure.link).toBe(ended.links.warehouse);
    expect(secondsOf(ended, 'warehouse')).toBeGreaterThanOrEqual(15 * 60);
    expect(secondsOf(ended, 'warehouse')).toBeLessThanOrEqual(16 * 60 + 6);
  });

  test('takes ten minutes is waited for, with few looks', async () => {
    const ended = await deployWith({ scenario: { kind: 'warehouseSlow', seconds: 600 } });
    expect(ended.failure).toBeUndefined();
    expect(secondsOf(ended, 'warehouse')).toBeGreaterThan(600);
    expect(secondsOf(ended, 'warehouse')).toBeLessThan(680);
    const looks = world
      .workspace(current())
      .requests.filter(({ method, path }) => method === 'GET' && /sql\/warehouses\/\w+$/.test(path));
    expect(looks.length).toBeLessThan(40);
  });

  test('cannot start tells why, and the next attempt starts the same one', async () => {
    const reason = { code: 'AZURE_QUOTA_EXCEEDED_EXCEPTION', message: 'The quota of cores is used up.' };
    const scenario = { kind: 'warehouseFailsToStart', type: 'CLIENT_ERROR', ...reason };
    const ended = await deployWith({ scenario });
    const failure = expectFailure(ended, 'WAREHOUSE_FAILED', 'warehouse');
    expect(failure.message).toContain(reason.message);
    expect(failure.cause).toContain(reason.code);
    expect(failure.link).toBe(ended.links.warehouse);

    const next = await world.deploy({ workspaceName: current() });
    expect(next.failure).toBeUndefined();
    expect(next.attempt).toBe(2);
    expect(next.links.warehouse).toBe(failure.link);
  });

  const stockout = {
    kind: 'warehouseFailsToStart',
    code: 'CLOUD_PROVIDER_RESOURCE_STOCKOUT',
    message: 'The VM size is sold out in this zone.',
  };

  test('cannot start for a reason that may pass is started again', async () => {
    const ended = await deployWith({ scenario: { ...stockout, times: 2 } });
    expect(ended.failure).toBeUndefined();
    const starts = world.workspace(current()).requests.filter(({ path }) => /warehouses\/\w+\/start$/.test(path));
    expect(starts).toHaveLength(2);
    expect(await inventoryOf(world.cloud, current())).toEqual(oneOfEach);
  });

  test('cannot start for such a reason again and again is given up after fifteen minutes, with the reason', async () => {
    const ended = await deployWith({ scenario: { ...stockout, times: -1 } });
    const failure = expectFailure(ended, 'WAREHOUSE_FAILED', 'warehouse');
    expect(failure.message).toContain(stockout.message);
    expect(failure.cause).toContain(stockout.code);
    expect(secondsOf(ended, 'warehouse')).toBeGreaterThanOrEqual(15 * 60);
    expect(secondsOf(ended, 'warehouse')).toBeLessThanOrEqual(16 * 60 + 6);
  });

  test('somebody deletes while it starts is made anew, once', async () => {
    const { id } = await world.start({ workspaceName: nextWorkspace() });
    const first = await deleteWhenThere(id);
    const ended = await world.finish(id);
    expect(ended.failure).toBeUndefined();
    expect(ended.verified?.warehouse.id).not.toBe(first);
    expect(await inventoryOf(world.cloud, current())).toEqual(oneOfEach);
  });

  test('somebody deletes again and again ends the deployment', async () => {
    const { id } = await world.start({ workspaceName: nextWorkspace() });
    const first = await deleteWhenThere(id);
    const second = await deleteWhenThere(id, first);
    const failure = expectFailure(await world.finish(id), 'WAREHOUSE_LOST', 'warehouse');
    expect(failure.message).toContain(second);
    expect(await warehouses()).toEqual([]);
  });

  test('somebody deletes while it is asked is made anew', async () => {
    const workspaceName = nextWorkspace();
    const { id } = await world.start({ workspaceName });
    // The first query is refused, and the warehouse is gone when the second arrives.
    arranged.set(workspaceName, {
      fault: { method: 'POST', path: '/sql/1.0/warehouses/*#OpenSession', status: 503, body: {} },
    });
    await world.until(async () =>
      (await world.read(id)).steps.some(({ name, state }) => name === 'verification' && state === 'retrying'),
    );
    const [first] = await warehouses();
    await caller.databricks(workspaceName, 'DELETE', `/api/2.0/sql/warehouses/${first?.id}`);
    const waiting = async () =>
      (await world.read(id)).steps.find(({ name, state }) => name === 'verification' && state === 'pending');
    await world.until(async () => (await waiting()) !== undefined);
    expect(await waiting()).not.toHaveProperty('problem');
    const ended = await world.finish(id);
    expect(ended.failure).toBeUndefined();
    expect(ended.verified?.warehouse.id).not.toBe(first?.id);
    expect(ended.steps.map(({ state }) => state)).toEqual(ended.steps.map(() => 'done'));
  });

  /** Deletes the warehouse that the deployment has made, other than one before; gives its id. */
  async function deleteWhenThere(deployment: string, before = ''): Promise<string> {
    const there = async (): Promise<string | undefined> =>
      world.cloud.databricks.workspaces().some(({ resourceId }) => resourceId.endsWith(current()))
        ? (await warehouses()).find(({ id, state }) => id !== before && state === 'STARTING')?.id
        : undefined;
    await world.until(async () => (await there()) !== undefined || world.isOver(deployment));
    const id = (await there()) ?? '';
    await caller.databricks(current(), 'DELETE', `/api/2.0/sql/warehouses/${id}`);
    return id;
  }
});

describe('a query', () => {
  const call = (name: string, more: Omit<FaultRule, 'method' | 'path'>): FaultRule => ({
    method: 'POST',
    path: `/sql/1.0/warehouses/*#${name}`,
    ...more,
  });

  test('that fails ends the deployment with its SQLSTATE and Spark\u2019s words', async () => {
    const trouble = { code: 'DIVIDE_BY_ZERO', sqlState: '22012', message: 'Division by zero.' };
    const ended = await deployWith({ scenario: { kind: 'statementFails', ...trouble } });
    const failure = expectFailure(ended, 'SQL_FAILED', 'verification');
    expect(failure.message).toContain('SQLSTATE 22012');
    expect(failure.message).toContain('[DIVIDE_BY_ZERO] Division by zero.');
    expect(tried(ended)).toBe(1);
  });

  test('about a schema that is not there tells of missing results, with Spark\u2019s words', async () => {
    const message = 'The schema `iv` cannot be found.';
    const trouble = { code: 'SCHEMA_NOT_FOUND', sqlState: '42704', message };
    const ended = await deployWith({ scenario: { kind: 'statementFails', ...trouble } });
    const failure = expectFailure(ended, 'RESULTS_MISSING', 'verification');
    expect(failure.message).toContain('is not there');
    expect(failure.cause).toContain(message);
  });

  test('that fails for an internal error is tried again', async () => {
    const ended = await deployWith({ scenario: { kind: 'statementFails', sqlState: 'XX000', message: 'Oops.' } });
    expect(ended.failure).toBeUndefined();
    expect(tried(ended)).toBe(2);
  });

  test('that is not permitted ends the deployment at once, and names the right to give', async () => {
    const ended = await deployWith({ scenario: { kind: 'permissionDenied', table: 'labels' } });
    const failure = expectFailure(ended, 'SQL_DENIED', 'verification');
    expect(failure.message).toContain('42501');
    expect(failure.cause).toContain('Insufficient privileges');
    expect(failure.hint).toContain('SELECT');
    expect(tried(ended)).toBe(1);
  });

  test('of an app that may not use the warehouse is tried for ten minutes', async () => {
    const body = { error_code: 'PERMISSION_DENIED', message: 'User does not have CAN USE on the warehouse.' };
    const ended = await deployWith({ fault: call('OpenSession', { status: 403, times: 1000, body }) });
    const failure = expectFailure(ended, 'SQL_DENIED', 'verification');
    expect(failure.cause).toContain('CAN USE');
    expect(secondsOf(ended, 'verification')).toBeGreaterThan(500);
    expect(secondsOf(ended, 'verification')).toBeLessThanOrEqual(600);
  });

  test.each<[what: string, path: string, right: string]>([
    ['model', '/api/2.1/unity-catalog/models/*', 'EXECUTE'],
    ['MLflow run', '/api/2.0/mlflow/runs/get', 'CAN READ'],
  ])('of an app that may not see the %s names the right to give', async (what, path, right) => {
    const body = { error_code: 'PERMISSION_DENIED', message: 'User lacks a privilege.' };
    const ended = await deployWith({ fault: { method: 'GET', path, status: 403, times: 1000, body } });
    const failure = expectFailure(ended, 'SQL_DENIED', 'verification');
    expect(failure.message).toContain(`The ${what}`);
    expect(failure.cause).toContain('lacks a privilege');
    expect(failure.hint).toContain(right);
  });

  const refused = { error_code: 'UNAUTHENTICATED', message: 'Token is expired.' };
  test.each<[what: string, fault: FaultRule]>([
    ['whose token expires between two statements', call('ExecuteStatement', { skip: 1, status: 401, body: refused })],
    ['whose result is lost in transit', call('ExecuteStatement', { reset: true, when: 'after' })],
    ['whose second result is lost in transit', call('ExecuteStatement', { reset: true, when: 'after', skip: 1 })],
    [
      'that is answered by a page',
      call('ExecuteStatement', { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>Proxy</html>' }),
    ],
    ['whose warehouse is overloaded', call('OpenSession', { status: 429, headers: { 'retry-after': '30' }, body: {} })],
  ])('%s is asked again, and the deployment succeeds', async (_what, fault) => {
    const ended = await deployWith({ fault });
    expect(ended.failure).toBeUndefined();
    expect(tried(ended)).toBe(2);
    expect(await inventoryOf(world.cloud, current())).toEqual(oneOfEach);
  });

  test('whose session cannot be closed has proven the results all the same', async () => {
    const ended = await deployWith({ fault: call('CloseSession', { reset: true }) });
    expect(ended.failure).toBeUndefined();
    expect(tried(ended)).toBe(1);
    sessionsLeft = 1;
  });
});
