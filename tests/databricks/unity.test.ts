import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Json, type TestWorkspace, startTestWorkspace } from './support/startTestWorkspace.ts';

const unity = '/api/2.1/unity-catalog';
// Of the test workspace `implied-volatility`.
const catalog = 'implied_volatility';

let workspace: TestWorkspace;

beforeEach(async () => {
  workspace = await startTestWorkspace();
});

const get = async (path: string): Promise<Json> => (await workspace.call('GET', `${unity}/${path}`)).body;

const fields = [
  { name: 'deployment', type: 'string', nullable: false, metadata: { comment: 'whose row it is' } },
  { name: 'rows', type: 'long', nullable: true, metadata: {} },
  { name: 'price', type: 'decimal(10,2)', nullable: true, metadata: {} },
  {
    name: 'smile',
    type: {
      type: 'array',
      elementType: {
        type: 'struct',
        fields: [
          { name: 'strike', type: 'double', nullable: true, metadata: {} },
          {
            name: 'byName',
            type: { type: 'map', keyType: 'string', valueType: 'integer', valueContainsNull: true },
            nullable: true,
            metadata: {},
          },
        ],
      },
      containsNull: true,
    },
    nullable: true,
    metadata: {},
  },
];

/** Writes a table's log as Delta does, a commit per list of actions. */
function writeLog(place: string, commits: object[][], first = 0): void {
  const log = join(workspace.folder, 'tables', catalog, place, '_delta_log');
  mkdirSync(log, { recursive: true });
  for (const [index, actions] of commits.entries()) {
    const name = `${String(first + index).padStart(20, '0')}.json`;
    writeFileSync(join(log, name), actions.map((action) => `${JSON.stringify(action)}\n`).join(''));
  }
}

const metadataOf = (columns: object[], comment?: string): object => ({
  metaData: {
    id: '7c4c5f0e-0000-4000-8000-000000000001',
    format: { provider: 'parquet', options: {} },
    ...(comment !== undefined && { description: comment }),
    schemaString: JSON.stringify({ type: 'struct', fields: columns }),
    partitionColumns: columns === fields ? ['deployment'] : [],
    configuration: { 'quality.level': 'gold', 'delta.constraints.positive': 'rows > 0' },
    createdTime: 900,
  },
});
const creation = (comment?: string, columns: object[] = fields): object[] => [
  { commitInfo: { timestamp: 1000, operation: 'CREATE TABLE', operationParameters: {}, operationMetrics: {} } },
  metadataOf(columns, comment),
  { protocol: { minReaderVersion: 1, minWriterVersion: 2 } },
];
const write = (atMs: number, add: string, remove?: string): object[] => [
  {
    commitInfo: {
      timestamp: atMs,
      operation: 'WRITE',
      operationParameters: { mode: 'Append', partitionBy: '[]' },
      operationMetrics: { numOutputRows: '5' },
    },
  },
  { add: { path: add, size: 100, stats: '{"numRecords":7}', modificationTime: atMs, dataChange: true } },
  ...(remove === undefined ? [] : [{ remove: { path: remove, dataChange: true } }]),
];

describe('tables', () => {
  it('are described from their Delta log: columns, types, properties, times', async () => {
    writeLog('default/features', [creation('What the network learns from'), write(2000, 'a'), write(3000, 'b', 'a')]);
    const table = await get(`tables/${catalog}.default.FEATURES`);
    expect(table).toMatchObject({
      full_name: `${catalog}.default.features`,
      table_type: 'MANAGED',
      data_source_format: 'DELTA',
      comment: 'What the network learns from',
      table_id: '7c4c5f0e-0000-4000-8000-000000000001',
      created_at: 900,
      updated_at: 3000,
      properties: { 'quality.level': 'gold', 'delta.lastUpdateVersion': '2', 'delta.minWriterVersion': '2' },
    });
    expect(table.storage_location).toMatch(/^file:\/\/.*\/default\/features$/);
    expect(table.columns.map(({ type_text, type_name }: Json) => [type_text, type_name])).toEqual([
      ['string', 'STRING'],
      ['bigint', 'LONG'],
      ['decimal(10,2)', 'DECIMAL'],
      ['array<struct<strike:double,byName:map<string,int>>>', 'ARRAY'],
    ]);
    expect(table.columns[0]).toMatchObject({ comment: 'whose row it is', nullable: false, partition_index: 0 });
    expect(table.columns[2]).toMatchObject({ position: 2, type_precision: 10, type_scale: 2 });
    expect(JSON.parse(table.columns[1].type_json)).toEqual(fields[1]);
  });

  it('are listed in pages, without the remains of a creation that never committed', async () => {
    for (const name of ['a', 'b', 'c']) writeLog(`default/${name}`, [creation()]);
    const half = join(workspace.folder, 'tables', catalog, 'default/half');
    mkdirSync(join(half, '_delta_log'), { recursive: true });
    writeFileSync(join(half, 'part-00000.snappy.parquet'), 'PAR1');
    const query = `tables?catalog_name=${catalog}&schema_name=default&max_results=2&omit_columns=true`;
    const first = await get(query);
    expect(first.tables.map(({ name, columns }: Json) => [name, columns])).toEqual([
      ['a', undefined],
      ['b', undefined],
    ]);
    const second = await get(`${query}&page_token=${first.next_page_token}`);
    expect(second.tables.map(({ name }: Json) => name)).toEqual(['c']);
    expect(second.next_page_token).toBeUndefined();
    expect(await get(`tables/${catalog}.default.half/exists`)).toEqual({ table_exists: false });
  });

  it('are there or not, and gone once they are deleted', async () => {
    writeLog('default/labels', [creation()]);
    expect(await get(`tables/${catalog}.default.labels/exists`)).toEqual({ table_exists: true });
    expect((await workspace.call('DELETE', `${unity}/tables/${catalog}.default.labels`)).status).toBe(200);
    expect(await get(`tables/${catalog}.default.labels/exists`)).toEqual({ table_exists: false });
    expect((await workspace.call('DELETE', `${unity}/tables/${catalog}.default.labels`)).status).toBe(404);
    expect((await get(`schemas?catalog_name=${catalog}`)).schemas.map(({ name }: Json) => name)).toEqual(['default']);
  });

  it('whose oldest commits were cleaned up are refused, not described wrongly, and listed by their names', async () => {
    writeLog('default/old', [write(2000, 'a')], 10);
    writeLog('default/young', [creation()]);
    const { status, body } = await workspace.call('GET', `${unity}/tables/${catalog}.default.old`);
    expect([status, body.error_code]).toEqual([501, 'NOT_IMPLEMENTED']);
    expect(body.message).toContain('checkpoint');
    const listed = await get(`tables?catalog_name=${catalog}&schema_name=default`);
    expect(listed.tables.map(({ name, columns }: Json) => [name, columns?.length])).toEqual([
      ['old', undefined],
      ['young', fields.length],
    ]);
  });

  it('show a renamed column, a changed comment and text of bounded length as Spark does', async () => {
    const mapped = (name: string, more: object): object => ({
      name,
      type: 'string',
      nullable: true,
      metadata: { 'delta.columnMapping.id': 1, 'delta.columnMapping.physicalName': 'col-1', ...more },
    });
    const before = [mapped('old', { comment: 'first' })];
    const inside = { type: 'struct', fields: [mapped('part', {})] };
    const after = [
      mapped('new', { comment: 'second' }),
      mapped('code', { __CHAR_VARCHAR_TYPE_STRING: 'varchar(3)' }),
      { ...mapped('nest', {}), type: inside },
    ];
    writeLog('default/renamed', [creation(undefined, before), [metadataOf(after), { commitInfo: { timestamp: 5 } }]]);
    const { columns } = await get(`tables/${catalog}.default.renamed`);
    expect(columns.map(({ name, comment, type_text }: Json) => [name, comment, type_text])).toEqual([
      ['new', 'second', 'string'],
      ['code', undefined, 'varchar(3)'],
      ['nest', undefined, 'struct<part:string>'],
    ]);
    expect(JSON.parse(columns[0].type_json).metadata).toEqual({ comment: 'second' });
    expect(columns[2].type_json).not.toContain('columnMapping');
  });

  it('that are dropped and made anew are others', async () => {
    writeLog('default/labels', [creation('the first'), write(2000, 'a')]);
    await workspace.call('DELETE', `${unity}/tables/${catalog}.default.labels`);
    writeLog('default/labels', [creation('the second')]);
    expect(await get(`tables/${catalog}.default.labels`)).toMatchObject({
      comment: 'the second',
      updated_at: 1000,
      properties: { 'delta.lastUpdateVersion': '0' },
    });
  });

  it('are read under the version of the API that MLflow asks, too', async () => {
    writeLog('default/labels', [creation()]);
    const { body } = await workspace.call('GET', `/api/2.0/unity-catalog/tables/${catalog}.default.labels`);
    expect(body).toEqual(await get(`tables/${catalog}.default.labels`));
  });

  it.each([
    ['tables/nope.default.a', 404, 'CATALOG_DOES_NOT_EXIST', "Catalog 'nope' does not exist."],
    [`tables/${catalog}.nope.a`, 404, 'SCHEMA_DOES_NOT_EXIST', `Schema '${catalog}.nope' does not exist.`],
    [`tables/${catalog}.default.a`, 404, 'TABLE_DOES_NOT_EXIST', `Table '${catalog}.default.a' does not exist.`],
    ['catalogs/nope', 404, 'CATALOG_DOES_NOT_EXIST', "Catalog 'nope' does not exist."],
    [`tables/${catalog}.a`, 400, 'INVALID_PARAMETER_VALUE', `'${catalog}.a' is not a valid name`],
    [`tables/${catalog}.default.x%2F..`, 400, 'INVALID_PARAMETER_VALUE', 'x/..'],
    [`schemas/${catalog}.x%2Fy`, 400, 'INVALID_PARAMETER_VALUE', `'${catalog}.x/y' is not a valid name`],
    ['schemas?catalog_name=a%2Fb', 400, 'INVALID_PARAMETER_VALUE', "'a/b' is not a valid name."],
    [`tables?catalog_name=${catalog}`, 400, 'INVALID_PARAMETER_VALUE', 'schema_name'],
    ['catalogs?page_token=none', 400, 'INVALID_PARAMETER_VALUE', 'Invalid page token.'],
  ])('that are not there are named: %s', async (path, status, code, message) => {
    const answer = await workspace.call('GET', `${unity}/${path}`);
    expect(answer).toMatchObject({ status, body: { error_code: code, message: expect.stringContaining(message) } });
  });
});

describe('catalogs and schemas', () => {
  it('start with the workspace’s own, and survive a restart when they are made', async () => {
    expect((await get('current-metastore-assignment')).default_catalog_name).toBe(catalog);
    expect((await get('metastore_summary')).region).toBe('westeurope');
    const made = await workspace.call('POST', `${unity}/catalogs`, { name: 'research', comment: 'trials' });
    expect(made.body).toMatchObject({ name: 'research', comment: 'trials', catalog_type: 'MANAGED_CATALOG' });
    const schema = { catalog_name: 'research', name: 'Smiles', comment: 'of surfaces', properties: { stage: 'one' } };
    expect((await workspace.call('POST', `${unity}/schemas`, schema)).body.full_name).toBe('research.smiles');
    await workspace.restart();
    expect((await get('catalogs')).catalogs.map(({ name }: Json) => name)).toEqual([catalog, 'research']);
    expect((await get('schemas?catalog_name=research')).schemas).toMatchObject([
      { name: 'default' },
      { name: 'smiles', comment: 'of surfaces', properties: { stage: 'one' } },
    ]);
  });

  it('are made once, with names that SQL can say', async () => {
    const post = async (what: string, body: object): Promise<Json> =>
      (await workspace.call('POST', `${unity}/${what}`, body)).body.error_code;
    expect(await post('catalogs', { name: catalog })).toBe('CATALOG_ALREADY_EXISTS');
    expect(await post('schemas', { catalog_name: catalog, name: 'default' })).toBe('SCHEMA_ALREADY_EXISTS');
    expect(await post('schemas', { catalog_name: catalog, name: '../x' })).toBe('INVALID_PARAMETER_VALUE');
    expect(await post('schemas', { catalog_name: 'nope', name: 'x' })).toBe('CATALOG_DOES_NOT_EXIST');
    expect(await post('catalogs', { name: 'far', storage_root: 'abfss://x' })).toBe('NOT_IMPLEMENTED');
    expect((await get('catalogs')).catalogs).toHaveLength(1);
  });

  it('are deleted when nothing lies in them, or with all that does', async () => {
    const place = `${unity}/schemas/${catalog}.market`;
    const [names, named] = [
      { catalog_name: catalog, schema_name: 'market' },
      { name: 'market', catalog_name: catalog },
    ];
    const make = (): Promise<Json> => workspace.call('POST', `${unity}/schemas`, named);
    await make();
    expect((await workspace.call('DELETE', place)).status).toBe(200);
    expect((await workspace.call('DELETE', place)).body.error_code).toBe('SCHEMA_DOES_NOT_EXIST');

    await make();
    writeLog('market/prices', [creation()]);
    await workspace.call('POST', `${unity}/models`, { ...names, name: 'smile' });
    await workspace.call('POST', `${unity}/volumes`, { ...names, name: 'raw', volume_type: 'MANAGED' });
    expect((await workspace.call('DELETE', place)).body).toEqual({
      error_code: 'INVALID_STATE',
      message: `Schema '${catalog}.market' is not empty. The schema has 1 tables(s), 1 functions(s), 1 volumes(s)`,
    });
    expect((await workspace.call('DELETE', `${place}?force=true`)).status).toBe(200);
    await make();
    expect((await workspace.call('GET', `${unity}/models/${catalog}.market.smile`)).status).toBe(404);
    expect((await workspace.call('GET', `${unity}/volumes/${catalog}.market.raw`)).status).toBe(404);
    expect((await get(`tables?catalog_name=${catalog}&schema_name=market`)).tables).toEqual([]);
  });
});

describe('the pages of the catalogue', () => {
  const page = async (path: string): Promise<string> => (await workspace.call('GET', path, undefined, {})).body;
  const textOf = (markup: string): string =>
    markup
      .replaceAll('<wbr />', '')
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ');

  it('lead from the workspace to a table’s columns, constraints and history, and back', async () => {
    writeLog('default/features', [creation('<b>'), write(2000, 'a')]);
    expect(await page('/')).toContain('href="/explore/data"');
    expect(await page('/explore/data')).toContain(`href="/explore/data/${catalog}/default"`);
    expect(await page(`/explore/data/${catalog}`)).toContain(`href="/explore/data/${catalog}/default"`);
    expect(await page(`/explore/data/${catalog}/default`)).toContain(`/explore/data/${catalog}/default/features`);
    const table = await page(`/explore/data/${catalog}/Default/Features`);
    expect(table).toContain(`href="/explore/data/${catalog}/default"`);
    expect(table).not.toContain('<b>');
    const text = textOf(table);
    for (const part of [
      '7 rows in 1 Delta files of 100 bytes',
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
    writeLog('default/labels', [
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
    expect(text).toContain('4 rows in 1 Delta files');
    expect(text).toContain('MERGE 2 inserted, 1 updated');
    expect(text).toContain('DELETE none');
    expect(textOf(await page(`/explore/data/${catalog}/default`))).toMatch(/labels 4 1970-01-01T00:00:04/);
  });

  it('of a schema name its models, and a table that its log no longer describes', async () => {
    writeLog('default/old', [write(2000, 'a')], 10);
    const model = { catalog_name: catalog, schema_name: 'default', name: 'smile' };
    await workspace.call('POST', `${unity}/models`, model);
    const schema = await page(`/explore/data/${catalog}/default`);
    expect(schema).toContain(`/explore/data/${catalog}/default/old`);
    const address = `/explore/data/models/${catalog}/default/smile`;
    expect(schema).toContain(`href="${address}"`);
    expect(await page(address)).toContain(`${catalog}.default.smile`);
    const none = await workspace.call('GET', `/explore/data/${catalog}/default/nothing`, undefined, {});
    expect(none.status).toBe(404);
  });
});
