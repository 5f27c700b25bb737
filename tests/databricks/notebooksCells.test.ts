import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type RecordedCell, readCells } from '../../local/databricks/notebooks/notebookRecord.ts';
import { end, folder, start, startRunner, startWithNotebooks } from './support/notebooks.ts';
import { createJob, startRun, startTestWorkspace, taskFor } from './support/startTestWorkspace.ts';

describe('the cells of a notebook', () => {
  it('are seen while the notebook runs, with what they have printed so far', async () => {
    const { root, logFolder } = await startRunner('leaves_processes', { parameters: { last: 'sleep' } });
    await expect.poll(() => existsSync(join(root, 'reached')), { timeout: 15_000 }).toBe(true);
    await expect.poll(() => readCells(logFolder).map(({ state }) => state)).toEqual(['done', 'done', 'done', 'open']);
  });

  it('are read although a line is only half written', () => {
    const logs = mkdtempSync(join(tmpdir(), 'cells-'));
    onTestFinished(() => rmSync(logs, { recursive: true }));
    writeFileSync(join(logs, 'output.log'), 'early\x1b[31m red\x1b[0m\n10%\r20%\r30%\nlate');
    const cell = {
      record: 'cell',
      mark: 1,
      cell: 1,
      notebook: '/n',
      magic: null,
      title: null,
      source: 'x',
      startMs: 1,
    };
    writeFileSync(join(logs, 'cells.jsonl'), `${JSON.stringify(cell)}\n{"record":"place","mark":1,"at":5}\n`);
    appendFileSync(join(logs, 'cells.jsonl'), '{"record":"end","ce');
    const seen = [{ state: 'open', outputs: [{ kind: 'text', text: ' red\n30%\nlate' }] }];
    expect(readCells(logs)).toMatchObject(seen);
    // The disk was full for a moment.
    appendFileSync(join(logs, 'cells.jsonl'), '\n');
    expect(readCells(logs)).toMatchObject(seen);
  });
});

describe('the page and the export of a run', () => {
  it('show what was kept: text, code, outputs in place, pictures, tables and the error; nothing foreign as markup', async () => {
    const workspace = await startWithNotebooks();
    const { run: ended, logs } = await end(workspace, await start(workspace, 'shows'));
    expectAllKept(readCells(logs), logs);
    const taskId = ended.tasks[0].run_id;
    const page = await workspace.call('GET', `/jobs/${ended.job_id}/runs/${ended.run_id}`);
    const exported = await workspace.call('GET', `/api/2.2/jobs/runs/export?run_id=${taskId}&views_to_export=ALL`);
    const [view] = exported.body.views;
    expect(exported.body.views).toEqual([{ content: expect.any(String), name: 'shows', type: 'NOTEBOOK' }]);
    for (const content of [page.body, view.content]) {
      const output = '<pre class="output" tabindex="0">';
      const inOrder = [
        '<em>shows</em>',
        `${output}to stdout`,
        '<td>a&#60;b</td>',
        `${output}after the table`,
        '<img',
        '<iframe',
      ];
      const places = inOrder.map((text) => content.indexOf(text));
      expect(places).toEqual(places.toSorted((a, b) => a - b));
      expect(places).not.toContain(-1);
      expect(content).toContain('<a href="https://example.com/a?b=1&#38;c=2">link</a>');
      expect(content).toContain('ValueError: &#60;i&#62;it broke&#60;/i&#62;');
      expect(content).toContain('Not run');
      expect(content).not.toMatch(/<script|<i>it broke/);
    }
    expect(view.content).toContain('src="data:image/png;base64,iVBOR');
    expect(view.content).not.toMatch(/(?:src|href)="\//);
    expect(page.headers.get('content-security-policy')).not.toMatch(/unsafe|script-src/);
    const shown = async (file: string): Promise<Headers> =>
      (await workspace.call('GET', `/shown/${taskId}/${file}`)).headers;
    expect((await shown('display-2.png')).get('content-type')).toBe('image/png');
    expect((await shown('display-3.html')).get('content-security-policy')).toMatch(/^sandbox; default-src 'none'/);
    for (const file of ['outcome.json', 'display-9.png', '../../state.sqlite', 'cells.jsonl']) {
      const { status } = await workspace.call('GET', `/shown/${taskId}/${encodeURIComponent(file)}`);
      expect(status).toBe(404);
    }
    expect(page.body).toContain(`Notebook ${folder}/child`);
  });

  it('are refused for a run of tasks, an unknown run and an unknown view; there are no dashboards', async () => {
    const workspace = await startTestWorkspace({ script: { a: { seconds: 1 } } });
    const runId = await startRun(workspace, await createJob(workspace, [taskFor('a')]));
    const ended = await workspace.finish(runId);
    const ask = (query: string): ReturnType<typeof workspace.call> =>
      workspace.call('GET', `/api/2.1/jobs/runs/export?${query}`);
    const taskId = ended.tasks[0].run_id;
    expect(await ask(`run_id=${runId}`)).toMatchObject({
      status: 400,
      body: { error_code: 'INVALID_PARAMETER_VALUE' },
    });
    expect(await ask('run_id=1')).toMatchObject({ status: 400 });
    expect(await ask(`run_id=${taskId}&views_to_export=NONE`)).toMatchObject({ status: 400 });
    expect(await ask(`run_id=${taskId}&views_to_export=DASHBOARDS`)).toMatchObject({
      status: 200,
      body: { views: [] },
    });
    expect(await ask(`run_id=${taskId}`)).toMatchObject({ status: 200, body: { views: [{ name: 'a' }] } });
  });
});

/** Each cell of `shows` with source, language, what it printed in order and showed, its error and its time. */
function expectAllKept(cells: RecordedCell[], logFolder: string): void {
  const child = `${folder}/child`;
  expect(cells.map(({ magic, state }) => [magic, state])).toEqual([
    ['md', 'done'],
    [undefined, 'done'],
    [undefined, 'done'],
    [undefined, 'done'],
    ['run', 'done'],
    [undefined, 'done'],
    [undefined, 'failed'],
    [undefined, 'skipped'],
  ]);
  const [, prints, shows, html, runs, calls, fails] = cells;
  expect(prints?.title).toBe('Prints in order');
  expect(prints?.source).toMatch(/^import subprocess\n/);
  expect(prints?.outputs).toEqual([{ kind: 'text', text: 'to stdout <b>\nto stderr\nfrom a child\n' }]);
  expect(shows?.outputs).toEqual([
    { kind: 'table', file: 'display-1.json' },
    { kind: 'text', text: 'after the table\n' },
    { kind: 'png', file: 'display-2.png' },
  ]);
  expect(readFileSync(join(logFolder, 'display-2.png')).subarray(1, 4).toString()).toBe('PNG');
  expect(html?.outputs).toEqual([{ kind: 'html', file: 'display-3.html' }]);
  expect(runs?.outputs.map((output) => output.kind)).toEqual(['cell', 'cell']);
  expect(calls?.outputs).toEqual([
    { kind: 'notebook', notebook: child, folder: 'run-1' },
    { kind: 'text', text: "'HELLO'\n" },
  ]);
  expect(readCells(join(logFolder, 'run-1'))).toMatchObject([{ notebook: child, state: 'done' }]);
  expect(fails).toMatchObject({
    error: 'ValueError: <i>it broke</i>',
    errorTrace: expect.stringContaining('line 5'),
  });
  for (const { startMs = 0, endMs = 0 } of cells) expect(endMs).toBeGreaterThanOrEqual(startMs);
}
