import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RecordedCell, ShownTable } from '../../local/databricks/notebooks/notebookRecord.ts';
import {
  type RunnerEnd,
  finish,
  folder,
  isRunning,
  printed,
  run,
  startTasks,
  startWithNotebooks,
} from './support/notebooks.ts';
import { taskFor } from './support/startTestWorkspace.ts';

const tables = ({ cells, logFolder }: RunnerEnd, cell: number): ShownTable[] =>
  (cells[cell]?.outputs ?? [])
    .flatMap((output) => (output.kind === 'table' ? [output.file] : []))
    .map((file) => JSON.parse(readFileSync(join(logFolder, file), 'utf8')) as ShownTable);

const errorOf = (cells: RecordedCell[]): string | undefined => cells.find(({ error }) => error !== undefined)?.error;

describe('%sql', () => {
  it('runs its statements in order with the widgets as parameters, shows the last result and leaves it as _sqldf', async () => {
    const ended = await run('queries', { parameters: { spark: 'yes' } });
    expect(ended.outcome.error).toBeUndefined();
    const select = "SELECT * FROM t WHERE a > :lowest AND b = ':lowest' AND c::int = 1";
    expect(JSON.parse(ended.outcome.result)).toEqual({
      asked: [
        ['CREATE TABLE t (a STRING)', null],
        [`-- one; two\nINSERT INTO t VALUES ('it\\'s; here', "b;c"), (\`d;e\`) /* ; */`, null],
        [select, { lowest: '3' }],
        ['DROP TABLE t', null],
      ],
      first: [[select]],
      now: [],
    });
    expect(tables(ended, 1)).toEqual([{ columns: [{ name: 'text', type: 'string' }], rows: [[select]], cut: null }]);
    expect(printed(ended.cells.slice(3, 4))).toBe('OK\n');
  });

  it('says clearly that there is no Spark', async () => {
    const { outcome } = await run('queries', { parameters: { spark: 'no' } });
    expect(outcome.error).toBe(
      'NotImplementedError: %sql needs Spark, which this notebook does not have (queries.py, line 39)',
    );
  });
});

describe('display of a DataFrame', () => {
  it('shows at most 10,000 rows or 2 MB, and says what is missing', async () => {
    const ended = await run('queries', { parameters: { spark: 'yes' } });
    const [values, many, wide] = tables(ended, 4);
    expect(values).toEqual({
      columns: ['a', 'b'].map((name) => ({ name, type: 'string' })),
      rows: [
        [null, 'Ynl0ZXM='],
        ['true', '{"x": [1, 2]}'],
      ],
      cut: null,
    });
    expect(many).toMatchObject({ cut: 'Only the first 10,000 rows are shown.' });
    expect(many?.rows).toHaveLength(10_000);
    expect(wide?.rows).toHaveLength(1);
    expect(wide?.cut).toBe('Only the first 1 rows are shown, which have 2 MB.');
    expect(printed(ended.cells.slice(4, 5))).toBe("{'a': 1}\n[1, 2]\n");
  });
});

describe('dbutils.notebook.run and %run', () => {
  it('give results, fail as a WorkflowException, end at their timeout with all that runs, take arguments and relative paths', async () => {
    const { outcome, cells, logFolder } = await run('runs_others');
    expect(outcome.error).toBeUndefined();
    const { pids, ...results } = JSON.parse(outcome.result);
    const failed = 'WorkflowException: com.databricks.NotebookExecutionException';
    expect(results).toEqual({
      result: '5',
      fails: `${failed}: FAILED: Workload failed, see run output for details (notebook /fails: ZeroDivisionError: division by zero)`,
      'too slow': `${failed}: TIMEDOUT: notebook /leaves_processes exceeded its timeout of 2 seconds`,
      'not there': 'FileNotFoundError: Notebook not found: /nowhere',
      outside: 'FileNotFoundError: Notebook not found: ../../../outside lies outside the workspace',
      nested: ['given', 8],
      all: { word: 'given', scale: '4' },
    });
    expect(pids.split(' ').filter(isRunning)).toEqual([]);
    expect(cells[1]?.outputs.map((output) => (output.kind === 'notebook' ? output.notebook : output))).toEqual([
      '/child',
      '/fails',
      '/leaves_processes',
    ]);
    expect(readFileSync(join(logFolder, 'run-2', 'output.log'), 'utf8')).toMatch(/^before\nTraceback/);
    const below = cells[2]?.outputs.map((output) => (output.kind === 'cell' ? output.cell.notebook : output));
    expect(below).toEqual(['/lib/nested', '/lib/nested']);
    expect(printed(cells.slice(2, 3))).toBe('printed below\n');
  });
});

describe('dbutils', () => {
  it('lists, writes, reads, copies, moves and removes files; refuses by name what is not there', async () => {
    const ended = await run('utilities');
    expect(ended.outcome.error).toBe('NotImplementedError: %fs mounts is not available in the local notebook runner');
    expect(JSON.parse(readFileSync(join(ended.root, 'results.json'), 'utf8'))).toEqual({
      ls: [
        ['/a/b/', 'b/', 0],
        ['/a/one.txt', 'one.txt', 3],
      ],
      exists: 'FileExistsError: /a/one.txt already exists',
      copied: [true, 'tw'],
      'copy of a folder': 'IsADirectoryError: /a is a folder; set recurse to true to mean what is in it too',
      moved: [true, false, 'one'],
      'full folder': 'IsADirectoryError: /a is a folder; set recurse to true to mean what is in it too',
      removed: [true, false],
      missing: 'FileNotFoundError: No such file or directory: /a/one.txt',
      volume: [true, 'y'],
      'no volume': 'FileNotFoundError: Volume main.default.other does not exist: /Volumes/main/default/other',
      'other storage':
        'NotImplementedError: dbutils.fs cannot reach abfss://container@account.dfs.core.windows.net/ in the local notebook runner',
      mount: 'NotImplementedError: dbutils.fs.mount is not available in the local notebook runner',
      secrets:
        'NotImplementedError: dbutils.secrets is not available in the local notebook runner: give the value to the task as a parameter and read it with dbutils.widgets.get',
      unknown: 'NotImplementedError: dbutils.preview is not available in the local notebook runner',
    });
    expect(tables(ended, 2)[0]?.rows.map(([path]) => path)).toEqual(['/e/one.txt']);
    expect(printed(ended.cells.slice(3, 4))).toBe('True\n');
    expect(printed(ended.cells.slice(1, 2))).toMatch(/^cp\(source, target, recurse\): Copies a file/m);
  });

  it('hands task values from one task of a run to the next', async () => {
    const workspace = await startWithNotebooks();
    const task = (key: string, needs: string[], role: string): object =>
      taskFor(key, needs, {
        notebook_task: { notebook_path: `${folder}/task_values`, base_parameters: { role } },
      });
    const runId = await startTasks(workspace, 'values', [task('first', [], 'sets'), task('second', ['first'], 'gets')]);
    const { tasks } = await finish(workspace, runId);
    const { body } = await workspace.call('GET', `/api/2.2/jobs/runs/get-output?run_id=${tasks[1].run_id}`);
    expect(JSON.parse(body.notebook_output.result)).toEqual([
      { train: 3 },
      7,
      "The task 'first' has left no value 'nothing' in this run",
      "The task value 'large' is larger than 48 KiB as JSON",
    ]);
  });
});

describe('%pip of something that does not exist', () => {
  it('fails its cell with pip’s own words and installs nothing of the rest', async () => {
    const { outcome, cells, logFolder } = await run('installs_nothing');
    expect(outcome.error).toMatch(
      /^PipError: %pip install --no-index .*ERROR: No matching distribution found for no-such/,
    );
    expect(errorOf(cells)).toBe(outcome.error);
    expect(printed(cells)).toContain('ERROR: Could not find a version that satisfies the requirement');
    const target = join(logFolder, 'site-packages');
    expect(existsSync(target) ? readdirSync(target) : []).toEqual([]);
  });
});

describe('a notebook with characters that only some programs take for the end of a line', () => {
  it('has its cells and lines as Databricks has them', async () => {
    const { outcome, cells } = await run('separators');
    expect(cells.map(({ source }) => source)).toEqual([
      '%md\none\u2028paragraph',
      'text = "a\u2028b\u0085c"\f\nprint(len(text))\n1 / 0',
    ]);
    expect(printed(cells)).toBe('5\n');
    expect(outcome.errorTrace).toContain('line 9, in');
  });
});

describe('%pip in the middle of a notebook', () => {
  it('keeps the variables of the cells before', async () => {
    const { outcome } = await run('installs_middle');
    expect(outcome).toEqual({ result: '1 1.0' });
  });
});
