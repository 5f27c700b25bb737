import { DBSQLClient } from '@databricks/sql';
import { expect, onTestFinished } from 'vitest';
import type { SqlResult, SqlStatement } from '../../../local/databricks/compute.ts';
import { type Answer, fakeWarehouses, runningWarehouse } from './fakeWarehouses.ts';
import { type TestWorkspace, startTestWorkspace } from './startTestWorkspace.ts';

export type Session = Awaited<ReturnType<DBSQLClient['openSession']>>;

/** A session of the real driver with a warehouse; `token` is asked for each call. Everything is closed with the test. */
export async function openSession(
  workspace: TestWorkspace,
  warehouseId: string,
  options: Parameters<DBSQLClient['openSession']>[0] = {},
  token: () => string = () => workspace.token(),
): Promise<Session> {
  // The driver says each error on the console, too.
  const client = new DBSQLClient({ logger: { log: () => undefined } });
  client.on('error', () => undefined);
  await client.connect({
    host: 'localhost',
    port: workspace.server.port,
    path: `/sql/1.0/warehouses/${warehouseId}`,
    authType: 'custom',
    provider: { authenticate: () => Promise.resolve({ authorization: `Bearer ${token()}` }) },
    telemetryEnabled: false,
  });
  // Closing asks the server, which a test may have arranged to refuse.
  onTestFinished(() => client.close().catch(() => undefined));
  return await client.openSession(options);
}

/** All rows of a statement. */
export async function rowsOf(
  session: Session,
  statement: string,
  options: Parameters<Session['executeStatement']>[1] = {},
): Promise<object[]> {
  const operation = await session.executeStatement(statement, options);
  await operation.finished();
  const rows = await operation.fetchAll();
  await operation.close();
  return rows;
}

/** A workspace whose administrator is a member, as drivers cannot send the headers that enrol it. */
export async function workspaceWith(
  answer: (statement: SqlStatement) => Answer,
): Promise<{ workspace: TestWorkspace; warehouseId: string } & ReturnType<typeof fakeWarehouses>> {
  const fake = fakeWarehouses(answer);
  const workspace = await startTestWorkspace({ compute: fake.compute });
  return { workspace, warehouseId: await runningWarehouse(workspace), ...fake };
}

/** The answer to a call about a statement that takes longer than the server waits with that answer. */
export async function outwaited<T>({ clock }: TestWorkspace, called: Promise<T>, seconds = 2): Promise<T> {
  await expect.poll(() => clock.nextDue()).toBeLessThanOrEqual(clock.now() + seconds * 1000);
  clock.advance(seconds * 1000);
  return await called;
}

/** The rows 0, 1, 2 … */
export const numbers = (count: number): SqlResult => ({
  columns: [{ name: 'n', type: 'bigint' }],
  rows: Array.from({ length: count }, (_, i) => [i]),
});
