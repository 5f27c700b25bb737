import { describe, expect, it } from 'vitest';
import type { SqlResult } from '../../local/databricks/compute.ts';
import { type Answer, type FakeEngine, fakeWarehouses, runningWarehouse } from './support/fakeWarehouses.ts';
import { type Json, type TestWorkspace, startTestWorkspace } from './support/startTestWorkspace.ts';

const root = '/api/2.0/sql/statements';
const one: SqlResult = { columns: [{ name: 'x', type: 'decimal(10,2)' }], rows: [['1.50'], [null]] };

interface Setting {
  workspace: TestWorkspace;
  engines: FakeEngine[];
  submit: (more?: object) => Promise<Json>;
  look: (id: string) => Promise<Json>;
}

async function settingWith(answer: () => Answer): Promise<Setting> {
  const { compute, engines } = fakeWarehouses(answer);
  const workspace = await startTestWorkspace({ compute });
  const id = await runningWarehouse(workspace);
  return {
    workspace,
    engines,
    submit: (more = {}) => workspace.call('POST', `${root}/`, { warehouse_id: id, statement: 'SELECT 1', ...more }),
    look: async (statement) => (await workspace.call('GET', `${root}/${statement}`)).body,
  };
}

describe('the Statement Execution API', () => {
  it('answers with the rows as strings, and with the columns', async () => {
    const { submit, engines } = await settingWith(() => one);
    const parameters = [{ name: 'a', value: '1', type: 'INT' }, { name: 'b', value: 'x' }, { name: 'c' }];
    const { status, body } = await submit({ parameters, catalog: 'main', schema: 'v' });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: { state: 'SUCCEEDED' },
      manifest: {
        format: 'JSON_ARRAY',
        schema: {
          column_count: 1,
          columns: [
            {
              name: 'x',
              position: 0,
              type_name: 'DECIMAL',
              type_text: 'DECIMAL(10,2)',
              type_precision: 10,
              type_scale: 2,
            },
          ],
        },
        total_chunk_count: 1,
        total_row_count: 2,
        truncated: false,
      },
      result: { chunk_index: 0, row_offset: 0, row_count: 2, data_array: [['1.50'], [null]] },
    });
    expect(engines[0]?.statements).toEqual([
      {
        text: 'SELECT 1',
        catalog: 'main',
        schema: 'v',
        parameters: [
          { name: 'a', type: 'INT', value: '1' },
          { name: 'b', type: 'STRING', value: 'x' },
          { name: 'c', type: 'STRING' },
        ],
      },
    ]);
  });

  it('gives a large result in chunks that lead to each other', async () => {
    const rows = Array.from({ length: 25_000 }, (_, i) => [i]);
    const { submit, workspace } = await settingWith(() => ({ columns: [{ name: 'n', type: 'int' }], rows }));
    const { body } = await submit();
    expect(body.manifest.chunks.map(({ row_count }: Json) => row_count)).toEqual([10_000, 10_000, 5000]);
    const found = [...body.result.data_array];
    for (let link = body.result.next_chunk_internal_link; link;) {
      const chunk = await workspace.call('GET', link);
      found.push(...chunk.body.data_array);
      link = chunk.body.next_chunk_internal_link;
    }
    expect(found).toEqual(rows.map(([n]) => [String(n)]));
    expect((await workspace.call('GET', `${root}/${body.statement_id}/result/chunks/3`)).status).toBe(400);
  });

  it('tells a failed statement with status 200', async () => {
    const failure = { errorClass: 'PARSE_SYNTAX_ERROR', sqlState: '42601', message: '[PARSE_SYNTAX_ERROR] near SELCT' };
    const { submit, look } = await settingWith(() => failure);
    const { status, body } = await submit();
    expect(status).toBe(200);
    const message = '[PARSE_SYNTAX_ERROR] near SELCT SQLSTATE: 42601';
    expect(body.status).toEqual({ state: 'FAILED', error: { error_code: 'BAD_REQUEST', message }, sql_state: '42601' });
    expect((await look(body.statement_id)).status.state).toBe('FAILED');
  });

  it('goes on without its caller after the time it was to wait, or is cancelled then', async () => {
    const slow = Promise.withResolvers<SqlResult>();
    const { submit, look, workspace } = await settingWith(() => slow.promise);
    const later = async (more: object): Promise<Json> => {
      const due = workspace.clock.nextDue();
      const asked = submit(more);
      await expect.poll(() => workspace.clock.nextDue()).not.toBe(due);
      workspace.clock.advance(5000);
      return (await asked).body;
    };
    const going = await later({ wait_timeout: '5s' });
    expect(going.status.state).toBe('RUNNING');
    expect((await later({ wait_timeout: '5s', on_wait_timeout: 'CANCEL' })).status.state).toBe('CANCELED');
    slow.resolve(one);
    await expect.poll(async () => (await look(going.statement_id)).status.state).toBe('SUCCEEDED');
    expect((await look(going.statement_id)).result.row_count).toBe(2);
  });

  it('is not waited for with 0s, and can be cancelled', async () => {
    const { submit, look, workspace } = await settingWith(() => 'never');
    const { body } = await submit({ wait_timeout: '0s' });
    expect(body.status.state).toBe('RUNNING');
    await workspace.call('POST', `${root}/${body.statement_id}/cancel`);
    await expect.poll(async () => (await look(body.statement_id)).status.state).toBe('CANCELED');
  });

  it('waits while its warehouse starts again', async () => {
    const { submit, look, workspace } = await settingWith(() => one);
    const [warehouse] = (await workspace.call('GET', '/api/2.0/sql/warehouses')).body.warehouses;
    await workspace.call('POST', `/api/2.0/sql/warehouses/${warehouse.id}/stop`);
    workspace.clock.advance(1000);
    const { body } = await submit({ wait_timeout: '0s' });
    expect(body.status.state).toBe('PENDING');
    workspace.clock.advance(120_000);
    await expect.poll(async () => (await look(body.statement_id)).status.state).toBe('SUCCEEDED');
  });

  it('keeps the result for an hour, then says that it is closed', async () => {
    const { submit, look, workspace } = await settingWith(() => one);
    const { body } = await submit();
    workspace.clock.advance(3_600_000);
    expect((await look(body.statement_id)).status.state).toBe('CLOSED');
    expect((await workspace.call('GET', `${root}/${body.statement_id}/result/chunks/0`)).status).toBe(404);
  });

  it('lets go of old results when the kept ones are too large together', async () => {
    const large = { columns: [{ name: 'text', type: 'string' }], rows: [['x'.repeat(60 * 2 ** 20)]] };
    const { workspace, engines, submit, look } = await settingWith(() => large);
    const later = async (): Promise<string> => (await submit({ wait_timeout: '0s' })).body.statement_id;
    const ids = [await later(), await later(), await later(), await later()];
    const states = async (): Promise<string[]> => {
      const { body } = await workspace.call('GET', `/sql/warehouses/${engines[0]?.request.warehouseId}`);
      return [...body.matchAll(/<td>(SUCCEEDED|CLOSED)<\/td>/g)].map(([, state]) => state);
    };
    await expect.poll(states).toEqual(ids.map(() => 'SUCCEEDED'));
    await later();
    await expect.poll(states).toEqual([...ids.map(() => 'SUCCEEDED'), 'CLOSED']);
    expect((await look(ids[0] ?? '')).status).toEqual({ state: 'CLOSED' });
  });

  it('ends what a restart of the emulator interrupts', async () => {
    const { submit, look, workspace } = await settingWith(() => 'never');
    const { body } = await submit({ wait_timeout: '0s' });
    await workspace.restart();
    expect((await look(body.statement_id)).status).toMatchObject({ state: 'FAILED' });
  });

  it('refuses what it does not know, and says by name what is not there', async () => {
    const { submit, workspace } = await settingWith(() => one);
    const refused: [object, number][] = [
      [{ statement: '' }, 400],
      [{ warehouse_id: undefined }, 400],
      [{ wait_timeout: '3s' }, 400],
      [{ wait_timeout: '51s' }, 400],
      [{ wait_timeout: 'soon' }, 400],
      [{ on_wait_timeout: 'PANIC' }, 400],
      [{ parameters: 'a' }, 400],
      [{ parameters: [{ name: 'a', value: 1 }] }, 400],
      [{ warehouse_id: 'none' }, 404],
      [{ format: 'ARROW_STREAM', disposition: 'EXTERNAL_LINKS' }, 501],
      [{ row_limit: 1 }, 501],
    ];
    for (const [more, status] of refused) expect([more, (await submit(more)).status]).toEqual([more, status]);
    expect((await workspace.call('GET', `${root}/none`)).status).toBe(404);
  });
});

describe('the pages of a warehouse', () => {
  it('show its state, its statements and their errors, and no markup of theirs', async () => {
    const failure = { errorClass: 'X', sqlState: '42000', message: '[X] <b>no</b>' };
    const answers: Answer[] = [one, failure];
    const { submit, workspace } = await settingWith(() => answers.shift() ?? 'never');
    const [warehouse] = (await workspace.call('GET', '/api/2.0/sql/warehouses')).body.warehouses;
    const look = async (): Promise<string> =>
      (await workspace.call('GET', `/sql/warehouses/${warehouse.id}`, undefined, {})).body;
    expect(await look()).toContain('There were none yet.');
    await submit({ statement: 'SELECT 1 < 2' });
    await submit({ statement: 'SELECT wrongly' });
    const shown = await look();
    expect(shown).toContain('<strong>RUNNING</strong>');
    expect(shown).toMatch(
      /SELECT wrongly[\s\S]*&#60;b&#62;no[\s\S]*FAILED[\s\S]*SELECT 1 &#60; 2[\s\S]*SUCCEEDED[\s\S]*<td>2<\/td>/,
    );
    expect((await workspace.call('GET', '/sql/warehouses', undefined, {})).body).toContain(
      `<a href="/sql/warehouses/${warehouse.id}">verify</a>`,
    );
    expect((await workspace.call('GET', '/', undefined, {})).body).toContain('href="/sql/warehouses"');
    expect((await workspace.call('GET', '/sql/warehouses/none', undefined, {})).status).toBe(404);
  });
});

describe('a warehouse', () => {
  it('is not stopped for idleness while a statement runs', async () => {
    const { submit, workspace } = await settingWith(() => 'never');
    const { body } = await submit({ wait_timeout: '0s' });
    workspace.clock.advance(3_600_000);
    const state = async (): Promise<string> =>
      (await workspace.call('GET', '/api/2.0/sql/warehouses')).body.warehouses[0].state;
    expect(await state()).toBe('RUNNING');
    await workspace.call('POST', `${root}/${body.statement_id}/cancel`);
    await expect.poll(() => workspace.clock.nextDue()).toBeLessThanOrEqual(workspace.clock.now() + 600_000);
    workspace.clock.advance(601_000);
    expect(await state()).toBe('STOPPED');
  });
});
