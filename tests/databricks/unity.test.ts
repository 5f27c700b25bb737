import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { catalog, creation, fields, metadataOf, write, writeLog } from './support/deltaLogs.ts';
import { type Json, type TestWorkspace, startTestWorkspace } from './support/startTestWorkspace.ts';

const unity = '/api/2.1/unity-catalog';

let workspace: TestWorkspace;

beforeEach(async () => {
  workspace = await startTestWorkspace();
});

const get = async (path: string): Promise<Json> => (await workspace.call('GET', `${unity}/${path}`)).body;

describe('tables', () => {
  it('are described from their Delta log: columns, types, properties, times', async () => {
    writeLog(workspace, 'default/features', [
      creation('What the network learns from'),
      write(2000, 'a'),
      write(3000, 'b', 'a'),
    ]);
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
    for (const name of ['a', 'b', 'c']) writeLog(workspace, `default/${name}`, [creation()]);
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
    writeLog(workspace, 'default/labels', [creation()]);
    expect(await get(`tables/${catalog}.default.labels/exists`)).toEqual({ table_exists: true });
    expect((await workspace.call('DELETE', `${unity}/tables/${catalog}.default.labels`)).status).toBe(200);
    expect(await get(`tables/${catalog}.default.labels/exists`)).toEqual({ table_exists: false });
    expect((await workspace.call('DELETE', `${unity}/tables/${catalog}.default.labels`)).status).toBe(404);
    expect((await get(`schemas?catalog_name=${catalog}`)).schemas.map(({ name }: Json) => name)).toEqual(['default']);
  });

  it('whose oldest commits were cleaned up are refused, not described wrongly, and listed by their names', async () => {
    writeLog(workspace, 'default/old', [write(2000, 'a')], 10);
    writeLog(workspace, 'default/young', [creation()]);
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
    writeLog(workspace, 'default/renamed', [
      creation(undefined, before),
      [metadataOf(after), { commitInfo: { timestamp: 5 } }],
    ]);
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
    writeLog(workspace, 'default/labels', [creation('the first'), write(2000, 'a')]);
    await workspace.call('DELETE', `${unity}/tables/${catalog}.default.labels`);
    writeLog(workspace, 'default/labels', [creation('the second')]);
    expect(await get(`tables/${catalog}.default.labels`)).toMatchObject({
      comment: 'the second',
      updated_at: 1000,
      properties: { 'delta.lastUpdateVersion': '0' },
    });
  });

  it('are read under the version of the API that MLflow asks, too', async () => {
    writeLog(workspace, 'default/labels', [creation()]);
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
    expect(await post('catalogs', { name: 'Spark_Catalog' })).toBe('CATALOG_ALREADY_EXISTS');
    expect(await post('catalogs', { name: 'a=b' })).toBe('INVALID_PARAMETER_VALUE');
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
    writeLog(workspace, 'market/prices', [creation()]);
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
