import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  inSequence,
  isRunning,
  outputsOf,
  readRun,
  sparkTask,
  startSparkJob,
  startSparkWorkspace,
  writtenBy,
} from './support/sparkWorkspace.ts';
import type { Json } from './support/startTestWorkspace.ts';
import { fullSweep } from '../support/fullSweep.ts';

const patienceMs = 240_000;
const quick = { timeout: 10_000 };

describe('a job cluster with Spark', { timeout: patienceMs }, () => {
  it('gives its notebooks a session each, Python workers, and tables that the catalogue shows', async () => {
    const workspace = await startSparkWorkspace();
    const runId = await startSparkJob(workspace, inSequence(['tables', 'statements', 'half']));
    const outputs = await outputsOf(workspace, runId);
    const run = await readRun(workspace, runId);

    expect(outputs['tables'].error_trace).toBeUndefined();
    const tables = JSON.parse(outputs['tables'].notebook_output.result);
    expect(tables).toMatchObject({
      catalog: 'implied_volatility',
      rows: [0, 1, 2, 3, 4].map((id) => [id, 2 * id]),
      builder: true,
      thread: [true, String(run.tasks[0].run_id)],
      cluster: run.tasks[0].cluster_instance.cluster_id,
      tables: ['numbers'],
      child: { driver: tables.driver, sees_view: false, rows: 5 },
    });
    expect(outputs['statements'].error_trace).toBeUndefined();
    expect(JSON.parse(outputs['statements'].notebook_output.result)).toEqual(expectedStatements);

    expect(outputs['half'].error).toMatch(/^(PythonException|Py4JJavaError): /);
    expect(outputs['half'].error).toContain('ValueError: the last row is bad');
    const unity = async (path: string): Promise<Json> =>
      (await workspace.call('GET', `/api/2.1/unity-catalog/${path}`)).body;
    expect(await unity('tables/implied_volatility.default.half/exists')).toEqual({ table_exists: false });
    expect(await unity('tables/implied_volatility.volatility.numbers')).toMatchObject({
      comment: 'numbers and their doubles',
      columns: [
        { name: 'id', type_name: 'LONG', type_text: 'bigint' },
        { name: 'doubled', type_name: 'LONG' },
      ],
    });
    expect(await unity('schemas/implied_volatility.volatility')).toMatchObject({ comment: 'smiles and surfaces' });
    // MLflow has asked the catalogue for the table's id.
    const { table_id: id } = await unity('tables/implied_volatility.volatility.numbers');
    expect(tables.dataset).toMatchObject({ delta_table_id: id, is_databricks_uc_table: true });
    const shaped = await unity('tables/implied_volatility.statements.shaped');
    expect(shaped).toMatchObject({ columns: shapedColumns, properties: { quality: 'gold' } });
    expect(JSON.parse(shaped.columns[1].type_json).metadata).toEqual({ comment: 'in euro' });
    expect((await unity('tables/implied_volatility.statements.smiles')).properties).toMatchObject({
      'delta.constraints.positive': 'id > 0',
      'delta.lastUpdateVersion': '3',
    });

    expect(isRunning(tables.driver)).toBe(false);
    expect(readdirSync(join(workspace.folder, 'clusters'))).toEqual([]);
  });

  it('ends the Spark job of a cancelled task at once, and with its run every process that it has started', async () => {
    const workspace = await startSparkWorkspace();
    const runId = await startSparkJob(workspace, [sparkTask('slow'), sparkTask('waits')]);
    const worker = Number(await writtenBy(workspace, 'slow.pid'));
    const slow = (await readRun(workspace, runId)).tasks[0];
    await workspace.call('POST', '/api/2.2/jobs/runs/cancel', { run_id: slow.run_id });
    const seen = JSON.parse(await writtenBy(workspace, 'waits.json'));
    expect(seen).toMatchObject({ jobs: [], slow: false });
    expect(isRunning(seen.driver)).toBe(true);

    await workspace.call('POST', '/api/2.2/jobs/runs/cancel', { run_id: runId });
    await outputsOf(workspace, runId);
    expect((await readRun(workspace, runId)).state.result_state).toBe('CANCELED');
    expect(isRunning(seen.driver)).toBe(false);
    // A Python worker that sleeps does not hear that its task is over, and lives as long as its driver.
    await expect.poll(() => isRunning(worker), quick).toBe(false);
  });

  it.runIf(fullSweep)(
    'leaves whole tables when another writes to them at once, and is replaced for a retry when its driver dies',
    async () => {
      const workspace = await startSparkWorkspace();
      const writer = (me: string): Json => {
        const task = sparkTask('writer', { task_key: me, job_cluster_key: me });
        return { ...task, notebook_task: { ...task.notebook_task, base_parameters: { me } } };
      };
      const after = { job_cluster_key: 'one', depends_on: [{ task_key: 'one' }, { task_key: 'two' }] };
      const tasks = [writer('one'), writer('two'), sparkTask('reader', after)];
      const dies = { job_cluster_key: 'two', depends_on: [{ task_key: 'two' }], max_retries: 1 };
      const runId = await startSparkJob(workspace, [...tasks, sparkTask('dies_once', dies)], ['one', 'two']);
      const outputs = await outputsOf(workspace, runId);

      const results = ['one', 'two'].map((me) => JSON.parse(outputs[me].notebook_output.result));
      const done = (what: string): number[] =>
        results.map(({ done }) => done.filter((each: string) => each === what).length);
      const refused = results.flatMap(({ refused }) => refused as [what: string, error: string][]);
      for (const [, error] of refused) expect(error).toMatch(/\[DELTA_|TABLE_OR_VIEW_ALREADY_EXISTS/);
      expect(done('create').reduce((sum, count) => sum + count)).toBe(1);
      const { first, log, latest } = JSON.parse(outputs['reader'].notebook_output.result);
      expect(Object.values(first)).toEqual([1]);
      const appended = done('append').map((count, index) => [index === 0 ? 'one' : 'two', 3 * count] as const);
      expect(log).toEqual(Object.fromEntries(appended.filter(([, count]) => count > 0)));
      expect(Object.values(latest)).toEqual([3]);

      expect(outputs['dies_once'].notebook_output.result).toBe('10');
      const run = await readRun(workspace, runId);
      const [lost, retried] = run.tasks.filter(({ task_key: key }: Json) => key === 'dies_once');
      expect(lost.status.termination_details).toMatchObject({ code: 'DRIVER_ERROR' });
      expect(retried.cluster_instance.cluster_id).not.toBe(lost.cluster_instance.cluster_id);
      expect(existsSync(join(workspace.folder, 'clusters', lost.cluster_instance.cluster_id))).toBe(false);
    },
  );
});

const shapedColumns = [
  { name: 'day', type_text: 'date', type_name: 'DATE', partition_index: 0, nullable: true },
  { name: 'cost', type_text: 'decimal(10,2)', nullable: false, comment: 'in euro' },
  { name: 'code', type_text: 'varchar(3)', type_name: 'STRING' },
  { name: 'point', type_text: 'struct<x:double,tags:map<string,int>>', type_name: 'STRUCT' },
];
const smiles = [
  [1, 'a'],
  [2, 'B'],
  [3, 'c'],
];
const managed = 'UnsupportedOperationException: Tables of the catalog implied_volatility are';
const expectedStatements = {
  merged: smiles,
  before: [
    [1, 'a'],
    [2, 'b'],
  ],
  renamed: [
    [1, 'A'],
    [2, 'B'],
    [3, 'C'],
  ],
  overwritten: [[0], [1]],
  again: ['name'],
  tables: ['dropped', 'overwritten', 'renamed', 'shaped', 'smiles'],
  history: ['ADD CONSTRAINT', 'MERGE', 'WRITE', 'CREATE TABLE'],
  old_name: expect.stringMatching(/^AnalysisException: \[TABLE_OR_VIEW_NOT_FOUND\]/),
  constraint: expect.stringContaining('An error occurred'),
  view: 'AnalysisException: Catalog implied_volatility does not support views.',
  parquet: `${managed} Delta tables, not parquet.`,
  location: `${managed} managed and have no LOCATION.`,
  name: expect.stringContaining('`../../other` is no name for a schema or table'),
  schema: expect.stringMatching(/^AnalysisException: \[SCHEMA_NOT_FOUND\]/),
};
