import { describe, expect, it } from 'vitest';
import type { SqlFailure, SqlResult } from '../../local/databricks/compute.ts';
import { numbers, openSession, outwaited, rowsOf, workspaceWith } from './support/sqlDriver.ts';
import type { TestWorkspace } from './support/startTestWorkspace.ts';

const one: SqlResult = { columns: [{ name: 'x', type: 'int' }], rows: [[1]] };
const missing: SqlFailure = {
  errorClass: 'TABLE_OR_VIEW_NOT_FOUND',
  sqlState: '42P01',
  message: '[TABLE_OR_VIEW_NOT_FOUND] The table or view `nothing` cannot be found.',
};
const callsOf = ({ server }: TestWorkspace): string[] =>
  server.requests.flatMap(({ path }) => (path.includes('#') ? [path.slice(path.indexOf('#') + 1)] : []));

describe('the SQL driver', () => {
  it('gets every type as Databricks gives it without Arrow', async () => {
    const types = {
      boolean: true,
      tinyint: -8,
      smallint: 300,
      int: 70_000,
      bigint: '4503599627370497',
      float: 0.5,
      double: 0.1,
      'decimal(20,4)': '12.3400',
      string: 'Grüße',
      date: '2026-11-23',
      timestamp: '2026-11-23 12:00:00.5',
      binary: 'AQL/',
      void: null,
      'array<int>': '[1,2]',
      'map<string,int>': '{"a":1}',
      'struct<a:int>': '{"a":1}',
      'interval day to second': "INTERVAL '1 00:00:00' DAY TO SECOND",
    };
    const columns = Object.keys(types).map((type) => ({ name: type, type }));
    const nothing = columns.map(() => null);
    const { workspace, warehouseId } = await workspaceWith(() => ({ columns, rows: [Object.values(types), nothing] }));
    const session = await openSession(workspace, warehouseId);
    const [values, nulls] = await rowsOf(session, 'SELECT everything');
    expect(values).toEqual({
      ...types,
      bigint: 4_503_599_627_370_497,
      'decimal(20,4)': 12.34,
      binary: Buffer.from([1, 2, 255]),
      'array<int>': [1, 2],
      'map<string,int>': { a: 1 },
      'struct<a:int>': { a: 1 },
    });
    expect(nulls).toEqual(Object.fromEntries(columns.map(({ name }) => [name, null])));
  });

  it('tells nulls apart from values over more rows than a byte has bits', async () => {
    const rows = Array.from({ length: 20 }, (_, i) => [i % 3 === 0 ? null : i]);
    const { workspace, warehouseId } = await workspaceWith(() => ({ columns: [{ name: 'x', type: 'int' }], rows }));
    const session = await openSession(workspace, warehouseId);
    expect(await rowsOf(session, 'SELECT x')).toEqual(rows.map(([x]) => ({ x })));
  });

  it('hands over text, named parameters with their types, and the namespace of its session', async () => {
    const { workspace, warehouseId, engines } = await workspaceWith(() => one);
    const session = await openSession(workspace, warehouseId, { initialCatalog: 'main', initialSchema: 'volatility' });
    const namedParameters = { n: 3, name: "it's", big: 2n ** 60n, ratio: 0.5, flag: true, none: null };
    await rowsOf(session, 'SELECT :n', { namedParameters });
    expect(engines[0]?.statements).toMatchObject([
      {
        text: 'SELECT :n',
        session: session.id,
        catalog: 'main',
        schema: 'volatility',
        parameters: [
          { name: 'n', type: 'INTEGER', value: '3' },
          { name: 'name', type: 'STRING', value: "it's" },
          { name: 'big', type: 'BIGINT', value: '1152921504606846976' },
          { name: 'ratio', type: 'DOUBLE', value: '0.5' },
          { name: 'flag', type: 'BOOLEAN', value: 'TRUE' },
          { name: 'none', type: 'VOID' },
        ],
      },
    ]);
    await session.close();
    expect(engines[0]?.closedSessions).toEqual([session.id]);
  });

  it('needs one call for a quick statement, whose rows are not kept', async () => {
    const { workspace, warehouseId } = await workspaceWith(() => one);
    const session = await openSession(workspace, warehouseId);
    expect(await rowsOf(session, 'SELECT 1')).toEqual([{ x: 1 }]);
    expect(callsOf(workspace)).toEqual(['OpenSession', 'ExecuteStatement']);
  });

  it('gets no rows from a statement that has no columns, whether it ends at once or later', async () => {
    const nothing = { columns: [], rows: [] };
    const later = Promise.withResolvers<SqlResult>();
    const { workspace, warehouseId } = await workspaceWith(({ text }) =>
      text === 'CREATE slowly' ? later.promise : nothing,
    );
    const session = await openSession(workspace, warehouseId);
    expect(await rowsOf(session, 'CREATE quickly')).toEqual([]);
    const operation = await outwaited(workspace, session.executeStatement('CREATE slowly'));
    later.resolve(nothing);
    expect(await operation.fetchAll()).toEqual([]);
  });

  it('asks for a slow statement until it is over', async () => {
    const slow = Promise.withResolvers<SqlResult>();
    const { workspace, warehouseId } = await workspaceWith(() => slow.promise);
    const session = await openSession(workspace, warehouseId);
    const operation = await outwaited(workspace, session.executeStatement('SELECT slowly'));
    expect((await outwaited(workspace, operation.status(), 5)).operationState).toBe(1);
    slow.resolve(one);
    expect(await operation.fetchAll()).toEqual([{ x: 1 }]);
    expect(callsOf(workspace)).toContain('FetchResults');
  });

  it('fetches 100,000 rows in pages, in order', async () => {
    const { workspace, warehouseId } = await workspaceWith(() => numbers(100_000));
    const session = await openSession(workspace, warehouseId);
    const rows = (await rowsOf(session, 'SELECT n')) as { n: number }[];
    expect(rows).toHaveLength(100_000);
    expect(rows.every(({ n }, i) => n === i)).toBe(true);
    expect(callsOf(workspace).filter((call) => call === 'FetchResults').length).toBeGreaterThanOrEqual(9);
  });

  it('is told the SQLSTATE and message of an error, and gets an error for the columns', async () => {
    const { workspace, warehouseId } = await workspaceWith(() => missing);
    const session = await openSession(workspace, warehouseId);
    const operation = await session.executeStatement('SELECT * FROM nothing');
    await expect(operation.finished()).rejects.toMatchObject({
      errorCode: 'ERROR',
      message: `${missing.message} SQLSTATE: 42P01`,
      response: { sqlState: '42P01' },
    });
    await expect(operation.getSchema()).rejects.toMatchObject({ message: expect.stringContaining('`nothing`') });
  });

  it('cancels a statement in the engine', async () => {
    const { workspace, warehouseId } = await workspaceWith(() => 'never');
    const session = await openSession(workspace, warehouseId);
    const operation = await outwaited(workspace, session.executeStatement('SELECT for ever'));
    const finished = operation.finished();
    const [ending] = await Promise.allSettled([finished, operation.cancel()]);
    expect(ending).toMatchObject({ status: 'rejected', reason: { errorCode: 'CANCELED' } });
  });

  it('gives a statement up after its time limit', async () => {
    const { workspace, warehouseId } = await workspaceWith(() => 'never');
    const session = await openSession(workspace, warehouseId);
    const executed = session.executeStatement('SELECT for ever', { queryTimeout: 60 });
    await expect.poll(() => workspace.clock.nextDue()).toBeLessThanOrEqual(workspace.clock.now() + 2000);
    workspace.clock.advance(60_000);
    await expect((await executed).finished()).rejects.toMatchObject({ errorCode: 'TIMEOUT' });
  });

  it('wakes a stopped warehouse with a statement, which waits in the queue', async () => {
    const { workspace, warehouseId } = await workspaceWith(() => one);
    await workspace.call('POST', `/api/2.0/sql/warehouses/${warehouseId}/stop`);
    workspace.clock.advance(1000);
    const session = await openSession(workspace, warehouseId);
    const operation = await session.executeStatement('SELECT 1');
    expect((await outwaited(workspace, operation.status(), 5)).operationState).toBe(7);
    workspace.clock.advance(120_000);
    expect(await operation.fetchAll()).toEqual([{ x: 1 }]);
  });

  it('lists catalogs and schemas, and is refused what is not there', async () => {
    const { workspace, warehouseId, engines } = await workspaceWith(({ text }) => ({
      columns: [{ name: 'name', type: 'string' }],
      rows: text === 'SHOW CATALOGS' ? [['main']] : [['default'], ['volatility']],
    }));
    const session = await openSession(workspace, warehouseId);
    expect(await (await session.getCatalogs()).fetchAll()).toEqual([{ TABLE_CAT: 'main' }]);
    const schemas = await session.getSchemas({ catalogName: 'main', schemaName: 'vol%' });
    expect(await schemas.fetchAll()).toEqual([{ TABLE_SCHEM: 'volatility', TABLE_CATALOG: 'main' }]);
    expect(engines[0]?.statements.at(-1)?.text).toBe('SHOW SCHEMAS IN `main`');
    await expect(session.getFunctions({ functionName: '%' })).rejects.toMatchObject({
      message: expect.stringContaining('does not implement GetFunctions'),
    });
    expect((await session.getInfo(17)).getValue()).toBe('Spark SQL');
    await expect(openSession(workspace, warehouseId, { configuration: { ansi_mode: 'false' } })).rejects.toMatchObject({
      message: expect.stringContaining('ansi_mode'),
    });
  });
});
