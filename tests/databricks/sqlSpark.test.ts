import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { sparkCompute } from '../../local/databricks/spark/sparkCompute.ts';
import type { SparkInstallation } from '../../local/databricks/spark/sparkInstallation.ts';
import { systemClock } from '../../local/kit/clock.ts';
import { ensureSpark } from '../../local/setup/spark.ts';
import { createWarehouse } from './support/fakeWarehouses.ts';
import { runPython } from './support/runPython.ts';
import { type Session, openSession, rowsOf } from './support/sqlDriver.ts';
import { type TestWorkspace, startTestWorkspace } from './support/startTestWorkspace.ts';
import { fullSweep } from '../support/fullSweep.ts';

const minutes = 60_000;
const catalog = 'implied_volatility';
let spark: SparkInstallation;

beforeAll(async () => {
  spark = await ensureSpark();
}, 5 * minutes);

/** A warehouse with the real engine; it need not run yet. */
async function realWarehouse(): Promise<{ workspace: TestWorkspace; session: Session; id: string }> {
  const latencies = { storageSeconds: 0, warehouseSeconds: 0 };
  const workspace = await startTestWorkspace({ compute: sparkCompute(spark), clock: systemClock, latencies });
  const id = await createWarehouse(workspace);
  return { workspace, session: await openSession(workspace, id), id };
}

/** The processes of this machine whose command names the folder. */
const enginesIn = (folder: string): string[] =>
  execFileSync('ps', ['-A', '-ww', '-o', 'command='], { encoding: 'utf8', maxBuffer: 2 ** 26 })
    .split('\n')
    .filter((command) => command.includes(folder));

it(
  'a SQL warehouse with Spark works on Delta tables, tells errors, cancels, pages, serves the SDK, and leaves no process behind',
  { timeout: 5 * minutes },
  async () => {
    const { workspace, session, id } = await realWarehouse();
    const table = `${catalog}.market.surfaces`;
    await rowsOf(session, `CREATE SCHEMA ${catalog}.market`);
    await rowsOf(
      session,
      `CREATE TABLE ${table} (id BIGINT, price DECIMAL(20,4), seen TIMESTAMP, strikes ARRAY<DOUBLE>, point STRUCT<x:INT>, note STRING)`,
    );
    await rowsOf(
      session,
      `INSERT INTO ${table} VALUES (1, 12.34, TIMESTAMP'2026-11-23 12:00:00.5', array(0.9, NULL), named_struct('x', 1), :note),
       (2, NULL, NULL, NULL, named_struct('x', NULL), NULL)`,
      { namedParameters: { note: "it's" } },
    );
    expect(existsSync(join(workspace.folder, 'tables', catalog, 'market', 'surfaces', '_delta_log'))).toBe(true);

    const byName = { namedParameters: { table, least: 1 } };
    expect(await rowsOf(session, 'SELECT * FROM IDENTIFIER(:table) WHERE id >= :least ORDER BY id', byName)).toEqual([
      {
        id: 1,
        price: 12.34,
        seen: '2026-11-23 12:00:00.5',
        strikes: [0.9, null],
        point: { x: 1 },
        note: "it's",
      },
      { id: 2, price: null, seen: null, strikes: null, point: { x: null }, note: null },
    ]);
    const fresh = 'SELECT count(*) AS row_count, count_if(note = :note) AS fresh_count FROM IDENTIFIER(:table)';
    expect(await rowsOf(session, fresh, { namedParameters: { table, note: "it's" } })).toEqual([
      { row_count: 2, fresh_count: 1 },
    ]);

    await expect(rowsOf(session, 'SELECT * FROM nothing')).rejects.toMatchObject({
      message: expect.stringMatching(/^\[TABLE_OR_VIEW_NOT_FOUND\][\s\S]*SQLSTATE: 42P01$/),
      response: { sqlState: '42P01' },
    });
    await expect(rowsOf(session, 'SELECT id / 0 FROM range(3)')).rejects.toMatchObject({
      response: { sqlState: '22012' },
    });
    await expect(rowsOf(session, `SELECT ${Array(30_000).fill('1').join('+')}`)).rejects.toMatchObject({
      response: { sqlState: '54001' },
    });

    await rowsOf(session, `USE ${catalog}.market`);
    expect(await rowsOf(session, 'SELECT count(*) AS n FROM surfaces')).toEqual([{ n: 2 }]);
    const other = await openSession(workspace, id, { initialCatalog: catalog, initialSchema: 'market' });
    expect(await rowsOf(other, 'SELECT max(id) AS id FROM surfaces')).toEqual([{ id: 2 }]);
    expect(await (await session.getCatalogs()).fetchAll()).toEqual([{ TABLE_CAT: catalog }]);

    const rows = (await rowsOf(session, 'SELECT id FROM range(100000) ORDER BY id')) as { id: number }[];
    expect(rows).toHaveLength(100_000);
    expect(rows.every((row, i) => row.id === i)).toBe(true);

    const long = await session.executeStatement('SELECT count(*) FROM range(1000000000000)');
    const [ending] = await Promise.allSettled([long.finished(), long.cancel()]);
    expect(ending).toMatchObject({ status: 'rejected', reason: { errorCode: 'CANCELED' } });
    // A long one and a short one side by side: the short one does not wait.
    const beside = await session.executeStatement('SELECT count(*) FROM range(1000000000000)');
    expect(await rowsOf(other, 'SELECT sum(id) AS sum FROM range(10)')).toEqual([{ sum: 45 }]);
    await beside.cancel();

    expect(enginesIn(workspace.folder)).toHaveLength(1);
    expect(await runPython(workspace, 'sql/queries_with_sdk.py', id, table)).toEqual(seenBySdk(id));
    await expect.poll(() => enginesIn(workspace.folder)).toEqual([]);
  },
);

const seenBySdk = (warehouseId: string): object => ({
  chosen: ['SUCCEEDED', [['1', "it's"]]],
  columns: [
    ['id', 'LONG'],
    ['note', 'STRING'],
  ],
  failed: ['FAILED', 'BAD_REQUEST', expect.stringContaining('[TABLE_OR_VIEW_NOT_FOUND]')],
  chunks: 3,
  large: true,
  catalogs: [catalog],
  schemas: [`${catalog}.default`, `${catalog}.market`],
  tables: [`${catalog}.market.surfaces`],
  exists: [true, false],
  missing: `Table '${catalog}.market.nothing' does not exist.`,
  table: ['MANAGED', 'DELTA', true],
  types: [
    ['id', 'LONG', 'bigint'],
    ['price', 'DECIMAL', 'decimal(20,4)'],
    ['seen', 'TIMESTAMP', 'timestamp'],
    ['strikes', 'ARRAY', 'array<double>'],
    ['point', 'STRUCT', 'struct<x:int>'],
    ['note', 'STRING', 'string'],
  ],
  commits: '1',
  warehouses: [[warehouseId, 'RUNNING']],
  stopped: 'STOPPED',
});

it.runIf(fullSweep)(
  'starts a new engine after a restart of the emulator, with the tables of before and the catalogs made since',
  { timeout: 3 * minutes },
  async () => {
    const { workspace, session, id } = await realWarehouse();
    await rowsOf(session, `CREATE TABLE ${catalog}.default.kept AS SELECT 1 AS x`);
    await workspace.call('POST', '/api/2.1/unity-catalog/catalogs', { name: 'research' });
    await expect(rowsOf(session, 'CREATE TABLE research.default.late AS SELECT 2 AS x')).rejects.toThrow(
      "Catalog 'research' plugin class not found",
    );
    await workspace.restart();
    expect(enginesIn(workspace.folder)).toEqual([]);
    const again = await openSession(workspace, id);
    expect(await rowsOf(again, `SELECT x FROM ${catalog}.default.kept`)).toEqual([{ x: 1 }]);
    await rowsOf(again, 'CREATE TABLE research.default.late AS SELECT 2 AS x');
    const { body } = await workspace.call('GET', '/api/2.1/unity-catalog/tables/research.default.late');
    expect(body).toMatchObject({ full_name: 'research.default.late', columns: [{ name: 'x', type_text: 'int' }] });
  },
);

it('says with the log why the engine did not start', async () => {
  const latencies = { storageSeconds: 0, warehouseSeconds: 0 };
  const compute = sparkCompute({ ...spark, classPath: '/nothing' });
  const workspace = await startTestWorkspace({ compute, clock: systemClock, latencies });
  const id = await createWarehouse(workspace);
  const look = async (): Promise<unknown> => (await workspace.call('GET', `/api/2.0/sql/warehouses/${id}`)).body;
  await expect.poll(look, { timeout: 20_000 }).toMatchObject({
    state: 'STOPPED',
    health: { status: 'FAILED', details: expect.stringContaining('WarehouseDriver') },
  });
});
