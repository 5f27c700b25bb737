import { describe, expect, it } from 'vitest';
import type { SqlResult } from '../../local/databricks/compute.ts';
import { createWarehouse, fakeWarehouses } from './support/fakeWarehouses.ts';
import { numbers, openSession, outwaited, rowsOf, workspaceWith } from './support/sqlDriver.ts';
import { admin, startTestWorkspace } from './support/startTestWorkspace.ts';

const one: SqlResult = { columns: [{ name: 'x', type: 'int' }], rows: [[1]] };

describe('a SQL driver in trouble', () => {
  it('is refused with a wrong token, an expired one, and one of somebody who is no member', async () => {
    const { workspace, warehouseId } = await workspaceWith(() => one);
    const statusWith = async (token: string): Promise<number> => {
      const error = await openSession(workspace, warehouseId, {}, () => token).then(
        () => ({ statusCode: 200 }),
        (reason: { statusCode: number }) => reason,
      );
      return error.statusCode;
    };
    expect(await statusWith('dapi0')).toBe(401);
    expect(await statusWith(workspace.token({ seconds: -1 }))).toBe(401);
    expect(await statusWith(workspace.token({ identity: 'stranger' }))).toBe(403);
    expect(await statusWith(workspace.token({ identity: admin }))).toBe(200);
  });

  it('is refused when its token expires while the statement runs', async () => {
    const { workspace, warehouseId } = await workspaceWith(() => 'never');
    const token = workspace.token({ seconds: 60 });
    const session = await openSession(workspace, warehouseId, {}, () => token);
    const operation = await outwaited(workspace, session.executeStatement('SELECT for ever'));
    workspace.clock.advance(60_000);
    await expect(operation.finished()).rejects.toMatchObject({ statusCode: 401 });
  });

  it('is told that there is no such warehouse, also when it is deleted under a statement', async () => {
    const { workspace, warehouseId } = await workspaceWith(() => 'never');
    await expect(openSession(workspace, 'ffffffffffffffff')).rejects.toMatchObject({ statusCode: 404 });
    const session = await openSession(workspace, warehouseId);
    const executed = session.executeStatement('SELECT for ever');
    await expect.poll(() => workspace.clock.nextDue()).toBeLessThanOrEqual(workspace.clock.now() + 2000);
    await workspace.call('DELETE', `/api/2.0/sql/warehouses/${warehouseId}`);
    await expect((await executed).finished()).rejects.toMatchObject({
      message: expect.stringContaining('was stopped'),
    });
    workspace.clock.advance(1000);
    await expect(session.executeStatement('SELECT 1')).rejects.toMatchObject({ statusCode: 404 });
  });

  it('loses a page whose reply is lost, and gets all rows from a second statement', async () => {
    const { workspace, warehouseId } = await workspaceWith(() => numbers(25_000));
    const session = await openSession(workspace, warehouseId);
    const path = '/sql/1.0/warehouses/*#FetchResults';
    await workspace.call('POST', '/__faults', { method: 'POST', path, reset: true, when: 'after' });
    await expect(rowsOf(session, 'SELECT n')).rejects.toThrow('socket hang up');
    expect(await rowsOf(session, 'SELECT n')).toHaveLength(25_000);
  });

  it('is told that its session has ended with a restart, and can open another', async () => {
    const { workspace, warehouseId } = await workspaceWith(() => one);
    const session = await openSession(workspace, warehouseId);
    await workspace.restart();
    // The connection that was kept open is found dead first.
    const refusal = (): Promise<string> =>
      session.executeStatement('SELECT 1').then(
        () => '',
        ({ message }: { message: string }) => message,
      );
    await expect.poll(refusal).toContain('Invalid SessionHandle');
    expect(await rowsOf(await openSession(workspace, warehouseId), 'SELECT 1')).toEqual([{ x: 1 }]);
  });

  it("cannot use somebody else's session", async () => {
    const { workspace, warehouseId } = await workspaceWith(() => one);
    await workspace.call('POST', '/api/2.0/preview/scim/v2/ServicePrincipals', {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:ServicePrincipal'],
      applicationId: 'other',
      displayName: 'other',
    });
    let identity = admin;
    const session = await openSession(workspace, warehouseId, {}, () => workspace.token({ identity }));
    identity = 'other';
    await expect(session.executeStatement('SELECT 1')).rejects.toMatchObject({
      message: expect.stringContaining('Invalid SessionHandle'),
    });
  });

  it('is refused bytes that are no call, or one that is cut short', async () => {
    const { workspace, warehouseId } = await workspaceWith(() => one);
    const send = async (body: Buffer): Promise<number> => {
      const url = `https://${workspace.host}/sql/1.0/warehouses/${warehouseId}`;
      const headers = { authorization: `Bearer ${workspace.token()}`, 'content-type': 'application/x-thrift' };
      return (await fetch(url, { method: 'POST', headers, body: new Uint8Array(body) })).status;
    };
    expect(await send(Buffer.from('SELECT 1'))).toBe(400);
    const name = Buffer.from('OpenSession');
    const head = Buffer.from([0x80, 1, 0, 1, 0, 0, 0, name.length, ...name, 0, 0, 0, 1]);
    expect(await send(head)).toBe(400);
  });

  it.each([
    [
      { kind: 'statementFails', code: 'DIVIDE_BY_ZERO', sqlState: '22012', message: 'by zero', table: 'main.v.labels' },
      '22012',
    ],
    [{ kind: 'permissionDenied', table: 'main.v.labels' }, '42501'],
  ])('gets what the scenario %o arranges for one table', async (scenario, sqlState) => {
    const { workspace, warehouseId } = await workspaceWith(() => one);
    await workspace.call('POST', '/__scenarios', scenario);
    const session = await openSession(workspace, warehouseId);
    const about = (table: string): Promise<object[]> =>
      rowsOf(session, 'SELECT * FROM IDENTIFIER(:table)', { namedParameters: { table } });
    expect(await about('main.v.features')).toEqual([{ x: 1 }]);
    await expect(about('`main`.`v`.`labels`')).rejects.toMatchObject({ response: { sqlState } });
  });

  it('is told why its warehouse does not start', async () => {
    const { compute } = fakeWarehouses(() => one);
    const workspace = await startTestWorkspace({ compute });
    await workspace.call('POST', '/__scenarios', { kind: 'warehouseFailsToStart', message: 'sold out' });
    const session = await openSession(workspace, await createWarehouse(workspace));
    const operation = await session.executeStatement('SELECT 1');
    workspace.clock.advance(120_000);
    await expect(operation.finished()).rejects.toMatchObject({ message: expect.stringContaining('sold out') });
  });
});
