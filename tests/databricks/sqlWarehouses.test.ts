import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createWarehouse, fakeWarehouses, runningWarehouse, smallWarehouse } from './support/fakeWarehouses.ts';
import { type Json, type TestWorkspace, startTestWorkspace } from './support/startTestWorkspace.ts';

const root = '/api/2.0/sql/warehouses';
const nothing = { columns: [], rows: [] };

const look = async ({ call }: TestWorkspace, id: string): Promise<Json> => (await call('GET', `${root}/${id}`)).body;
const refusal = async ({ call }: TestWorkspace, settings: object): Promise<string> => {
  const { status, body } = await call('POST', root, settings);
  return `${status} ${body.error_code}: ${body.message}`;
};

describe('a SQL warehouse', () => {
  it('starts when it is created and says where drivers reach it', async () => {
    const { compute, engines } = fakeWarehouses(() => nothing);
    const workspace = await startTestWorkspace({ compute });
    const id = await createWarehouse(workspace);
    expect(await look(workspace, id)).toMatchObject({ state: 'STARTING', num_clusters: 0 });
    workspace.clock.advance(119_000);
    expect((await look(workspace, id)).state).toBe('STARTING');
    workspace.clock.advance(1000);
    const warehouse = await look(workspace, id);
    expect(warehouse).toMatchObject({
      ...smallWarehouse,
      id,
      state: 'RUNNING',
      num_clusters: 1,
      min_num_clusters: 1,
      max_num_clusters: 1,
      enable_serverless_compute: false,
      creator_name: 'app-of-the-function',
      health: { status: 'HEALTHY' },
      odbc_params: { hostname: 'localhost', port: workspace.server.port, path: `/sql/1.0/warehouses/${id}` },
    });
    expect(warehouse.jdbc_url).toContain(`//${workspace.host}/default;`);
    expect((await workspace.call('GET', root)).body).toEqual({ warehouses: [warehouse] });
    expect(engines).toMatchObject([{ stopped: false, request: { warehouseId: id, catalogs: ['implied_volatility'] } }]);
  });

  it('runs only when its engine is ready too', async () => {
    const engine = Promise.withResolvers<void>();
    const workspace = await startTestWorkspace(
      fakeWarehouses(
        () => nothing,
        () => engine.promise,
      ),
    );
    const id = await runningWarehouse(workspace);
    expect((await look(workspace, id)).state).toBe('STARTING');
    engine.resolve();
    await expect.poll(async () => (await look(workspace, id)).state).toBe('RUNNING');
  });

  it('stops, starts again and can be deleted', async () => {
    const { compute, engines } = fakeWarehouses(() => nothing);
    const workspace = await startTestWorkspace({ compute });
    const id = await runningWarehouse(workspace);
    expect(await workspace.call('POST', `${root}/${id}/stop`)).toMatchObject({ status: 200, body: {} });
    expect((await look(workspace, id)).state).toBe('STOPPING');
    workspace.clock.advance(1000);
    expect(await look(workspace, id)).toMatchObject({ state: 'STOPPED', num_clusters: 0 });
    await workspace.call('POST', `${root}/${id}/start`);
    await workspace.call('POST', `${root}/${id}/start`);
    workspace.clock.advance(120_000);
    expect((await look(workspace, id)).state).toBe('RUNNING');
    expect(engines.map(({ stopped }) => stopped)).toEqual([true, false]);

    await workspace.call('DELETE', `${root}/${id}`);
    expect((await look(workspace, id)).state).toBe('DELETING');
    expect(await workspace.call('POST', `${root}/${id}/start`)).toMatchObject({
      status: 400,
      body: { error_code: 'INVALID_STATE' },
    });
    workspace.clock.advance(1000);
    expect(await workspace.call('GET', `${root}/${id}`)).toMatchObject({
      status: 404,
      body: { error_code: 'RESOURCE_DOES_NOT_EXIST' },
    });
    expect(engines.every(({ stopped }) => stopped)).toBe(true);
  });

  it('stops by itself after its idle minutes, and never with 0', async () => {
    const workspace = await startTestWorkspace(fakeWarehouses(() => nothing));
    const id = await runningWarehouse(workspace);
    const always = await runningWarehouse(workspace, { ...smallWarehouse, name: 'always', auto_stop_mins: 0 });
    workspace.clock.advance(10 * 60_000 - 120_001);
    expect((await look(workspace, id)).state).toBe('RUNNING');
    workspace.clock.advance(120_000);
    expect((await look(workspace, id)).state).toBe('STOPPED');
    expect((await look(workspace, always)).state).toBe('RUNNING');
  });

  it('refuses settings that the API refuses', async () => {
    const workspace = await startTestWorkspace(fakeWarehouses(() => nothing));
    await createWarehouse(workspace);
    expect(await refusal(workspace, smallWarehouse)).toBe(
      '400 INVALID_PARAMETER_VALUE: SQL warehouse with name `verify` already exists',
    );
    const refused = [
      { name: undefined },
      { name: 'x'.repeat(100) },
      { cluster_size: undefined },
      { cluster_size: 'Gigantic' },
      { auto_stop_mins: 9 },
      { auto_stop_mins: -1 },
      { warehouse_type: 'FREE' },
      { warehouse_type: 'CLASSIC', enable_serverless_compute: true },
      { min_num_clusters: 3, max_num_clusters: 2 },
      { max_num_clusters: 31 },
      { tags: { custom_tags: Array.from({ length: 45 }, (_, i) => ({ key: `k${i}`, value: 'v' })) } },
      { tags: { custom_tags: ['x'] } },
    ];
    for (const change of refused) {
      expect(await refusal(workspace, { ...smallWarehouse, name: 'other', ...change })).toMatch(
        /^400 INVALID_PARAMETER_VALUE: /,
      );
    }
    const quick = { ...smallWarehouse, name: 'quick', enable_serverless_compute: true, auto_stop_mins: 1 };
    expect(await refusal(workspace, quick)).toMatch(/^200 /);
  });

  it('can be edited: what is not given stays', async () => {
    const workspace = await startTestWorkspace(fakeWarehouses(() => nothing));
    const id = await createWarehouse(workspace);
    await createWarehouse(workspace, { ...smallWarehouse, name: 'other' });
    const edit = (change: object): Promise<Json> => workspace.call('POST', `${root}/${id}/edit`, change);
    expect((await edit({ name: 'other' })).status).toBe(400);
    expect((await edit({ cluster_size: 'Small', auto_stop_mins: 20 })).status).toBe(200);
    expect(await look(workspace, id)).toMatchObject({ name: 'verify', cluster_size: 'Small', auto_stop_mins: 20 });
  });

  it('survives a restart of the emulator: a starting one goes on, a running one has a new engine at the next use', async () => {
    const { compute, engines } = fakeWarehouses(() => nothing);
    const workspace = await startTestWorkspace({ compute });
    const running = await runningWarehouse(workspace);
    const starting = await createWarehouse(workspace, { ...smallWarehouse, name: 'starting' });
    await workspace.restart();
    expect(engines.slice(0, 2).every(({ stopped }) => stopped)).toBe(true);
    expect((await look(workspace, running)).state).toBe('RUNNING');
    workspace.clock.advance(120_000);
    expect((await look(workspace, starting)).state).toBe('RUNNING');
    expect(engines.slice(2).map(({ request }) => request.warehouseId)).toEqual([starting]);
  });
});

describe('trouble with a warehouse', () => {
  const arrange = async (workspace: TestWorkspace, scenario: object): Promise<void> => {
    expect((await workspace.call('POST', '/__scenarios', scenario)).status).toBe(201);
  };

  it('keeps it starting until the scenario is cleared', async () => {
    const workspace = await startTestWorkspace(fakeWarehouses(() => nothing));
    await arrange(workspace, { kind: 'warehouseNeverStarts' });
    const id = await createWarehouse(workspace);
    workspace.clock.advance(3_600_000);
    expect((await look(workspace, id)).state).toBe('STARTING');
    await workspace.call('DELETE', '/__scenarios');
    workspace.clock.advance(5000);
    expect((await look(workspace, id)).state).toBe('RUNNING');
  });

  it('makes the next start fail with a reason, and only that', async () => {
    const workspace = await startTestWorkspace(fakeWarehouses(() => nothing));
    await arrange(workspace, {
      kind: 'warehouseFailsToStart',
      code: 'AZURE_QUOTA_EXCEEDED_EXCEPTION',
      type: 'CLIENT_ERROR',
    });
    const id = await runningWarehouse(workspace);
    expect(await look(workspace, id)).toMatchObject({
      state: 'STOPPED',
      health: { status: 'FAILED', failure_reason: { code: 'AZURE_QUOTA_EXCEEDED_EXCEPTION', type: 'CLIENT_ERROR' } },
    });
    await workspace.call('POST', `${root}/${id}/start`);
    workspace.clock.advance(120_000);
    expect(await look(workspace, id)).toMatchObject({ state: 'RUNNING', health: { status: 'HEALTHY' } });
  });

  it('lets a start take longer', async () => {
    const workspace = await startTestWorkspace(fakeWarehouses(() => nothing));
    await arrange(workspace, { kind: 'warehouseSlow', seconds: 600 });
    const id = await runningWarehouse(workspace);
    expect((await look(workspace, id)).state).toBe('STARTING');
    workspace.clock.advance(600_000);
    expect((await look(workspace, id)).state).toBe('RUNNING');
  });

  it('shows why an engine did not come up, or that it has died', async () => {
    const broken = await startTestWorkspace(
      fakeWarehouses(
        () => nothing,
        () => Promise.reject(new Error('no memory')),
      ),
    );
    const id = await runningWarehouse(broken);
    await expect.poll(async () => (await look(broken, id)).health?.details).toBe('no memory');

    const { compute, engines } = fakeWarehouses(() => nothing);
    const workspace = await startTestWorkspace({ compute });
    const lost = await runningWarehouse(workspace);
    engines[0]?.die();
    await expect.poll(async () => (await look(workspace, lost)).state).toBe('STOPPED');
    expect((await look(workspace, lost)).health.failure_reason.code).toBe('SPARK_ERROR');
  });

  it('keeps it from starting while the emulator closes', async () => {
    const { compute, engines } = fakeWarehouses(() => nothing);
    const workspace = await startTestWorkspace({ compute });
    await runningWarehouse(workspace);
    const closing = Promise.withResolvers<void>();
    const [first] = engines;
    if (first) first.closing = closing.promise;
    const closed = workspace.databricks.close();
    await createWarehouse(workspace, { ...smallWarehouse, name: 'late' });
    expect(engines).toHaveLength(1);
    closing.resolve();
    await closed;
  });

  it('starts in an empty folder, also after an emulator that was killed', async () => {
    const { compute, engines } = fakeWarehouses(() => nothing);
    const workspace = await startTestWorkspace({ compute });
    const id = await createWarehouse(workspace);
    const folder = engines[0]?.request.folder ?? '';
    writeFileSync(join(folder, 'left'), '');
    await workspace.restart();
    expect(engines).toHaveLength(2);
    expect(readdirSync(folder)).toEqual([]);
    await workspace.call('DELETE', `${root}/${id}`);
    workspace.clock.advance(60_000);
    expect(existsSync(folder)).toBe(false);
  });

  it('is said where the compute has no warehouses', async () => {
    const startWarehouse = (): never => {
      throw new Error('there are no warehouses here');
    };
    const compute = { ...fakeWarehouses(() => nothing).compute, startWarehouse };
    const workspace = await startTestWorkspace({ compute });
    const id = await createWarehouse(workspace);
    await expect.poll(async () => (await look(workspace, id)).health?.details).toBe('there are no warehouses here');
  });
});
