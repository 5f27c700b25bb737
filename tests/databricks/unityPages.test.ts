import { beforeEach, describe, expect, it } from 'vitest';
import { catalog, creation, write, writeLog } from './support/deltaLogs.ts';
import { type TestWorkspace, startTestWorkspace } from './support/startTestWorkspace.ts';

let workspace: TestWorkspace;

beforeEach(async () => {
  workspace = await startTestWorkspace();
});

describe('the pages of the catalogue', () => {
  const page = async (path: string): Promise<string> => (await workspace.call('GET', path, undefined, {})).body;
  const textOf = (markup: string): string =>
    markup
      .replaceAll('<wbr />', '')
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ');

  it('lead from the workspace to a table’s columns, constraints and history, and back', async () => {
    writeLog(workspace, 'default/features', [creation('<b>'), write(2000, 'a')]);
    expect(await page('/')).toContain('href="/explore/data"');
    expect(await page('/explore/data')).toContain(`href="/explore/data/${catalog}/default"`);
    expect(await page(`/explore/data/${catalog}`)).toContain(`href="/explore/data/${catalog}/default"`);
    expect(await page(`/explore/data/${catalog}/default`)).toContain(`/explore/data/${catalog}/default/features`);
    const table = await page(`/explore/data/${catalog}/Default/Features`);
    expect(table).toContain(`href="/explore/data/${catalog}/default"`);
    expect(table).not.toContain('<b>');
    const text = textOf(table);
    for (const part of [
      '7 rows in 1 Delta file of 100 bytes',
      'deployment string NOT NULL partition whose row it is',
      'rows bigint',
      'Constraint Condition positive CHECK (rows &#62; 0)',
      'quality.level gold',
      '1 1970-01-01T00:00:02.000Z WRITE 5 written mode: Append',
      '0 1970-01-01T00:00:01.000Z CREATE TABLE',
    ]) {
      expect(text).toContain(part);
    }
  });

  it('count rows as the log does: deleted ones not, changed ones by what was done to them', async () => {
    const merge = {
      numTargetRowsInserted: '2',
      numTargetRowsUpdated: '1',
      numTargetRowsDeleted: '0',
      numOutputRows: '9',
    };
    const marked = { path: 'a', size: 100, stats: '{"numRecords":7}', deletionVector: { cardinality: 3 } };
    writeLog(workspace, 'default/labels', [
      creation(),
      write(2000, 'a'),
      [
        { commitInfo: { timestamp: 3000, operation: 'MERGE', operationMetrics: merge } },
        // In this order: a commit has none.
        { add: marked },
        { remove: { path: 'a' } },
      ],
      [{ commitInfo: { timestamp: 4000, operation: 'DELETE', operationMetrics: { numDeletedRows: '0' } } }],
    ]);
    const text = textOf(await page(`/explore/data/${catalog}/default/labels`));
    expect(text).toContain('4 rows in 1 Delta file');
    expect(text).toContain('MERGE 2 inserted, 1 updated');
    expect(text).toContain('DELETE none');
    expect(textOf(await page(`/explore/data/${catalog}/default`))).toMatch(/labels 4 1970-01-01T00:00:04/);
  });

  it('of a schema name its models, and a table that its log no longer describes', async () => {
    writeLog(workspace, 'default/old', [write(2000, 'a')], 10);
    const model = { catalog_name: catalog, schema_name: 'default', name: 'smile' };
    await workspace.call('POST', '/api/2.1/unity-catalog/models', model);
    const schema = await page(`/explore/data/${catalog}/default`);
    expect(schema).toContain(`/explore/data/${catalog}/default/old`);
    const address = `/explore/data/models/${catalog}/default/smile`;
    expect(schema).toContain(`href="${address}"`);
    expect(await page(address)).toContain(`${catalog}.default.smile`);
    const none = await workspace.call('GET', `/explore/data/${catalog}/default/nothing`, undefined, {});
    expect(none.status).toBe(404);
  });
});
