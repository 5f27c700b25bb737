import { describe, expect, it } from 'vitest';
import { refusals, runPython } from './support/runPython.ts';
import { type TestWorkspace, admin, startTestWorkspace } from './support/startTestWorkspace.ts';

const catalog = 'implied_volatility';
// Each program imports large libraries in a process of its own.
const patience = 120_000;

describe('the MLflow client', { timeout: patience }, () => {
  it('logs runs and registers a model that other processes load by its alias and by its stage', async () => {
    const workspace = await startTestWorkspace();
    const said = await runPython(workspace, 'mlflow/trains_and_registers.py', admin, catalog);
    expect(said).toMatchObject({
      version: '1',
      status: 'READY',
      aliases: ['champion'],
      better: [said.run],
      statuses: ['FAILED', 'FINISHED'],
      metrics: { loss: '0.25', bad: 'nan', huge: 'inf' },
      artifacts: ['empty.txt', 'model', 'pictures', 'tables', 'unsigned'],
      rows: { rows: 5 },
      empty: '',
      dataset: 'points',
      models: [`${catalog}.default.doubling`],
      versions: ['1'],
    });
    expect(said.curve).toEqual(Array.from({ length: 30 }, (_, step) => [step, 1 / (step + 1)]));
    await showsItsPages(workspace, said.experiment, said.run);
    const loaded = await runPython(workspace, 'mlflow/loads_and_promotes.py', catalog, said.run);
    expect(loaded).toMatchObject({
      unity: [6],
      'unity run': said.run,
      served: [6],
      stage: ['READY', 'Production', 'doubles'],
      found: ['doubling'],
    });
    expect(loaded.refusals).toEqual(refused(said.run));
    expect(refusals(workspace)).toEqual([]);
  });

  it('loses nothing when several processes log to one run', async () => {
    const workspace = await startTestWorkspace();
    const said = await runPython(workspace, 'mlflow/logs_together.py', admin);
    const each = (name: string): string[] => [0, 1, 2, 3].map((worker) => name.replace('?', String(worker)));
    expect(said).toEqual({
      codes: [0, 0, 0, 0],
      shared: 160,
      own: [998, 998, 998, 998],
      params: each('param ?'),
      tags: each('tag ?'),
      texts: each('texts/?.txt'),
    });
  });
});

async function showsItsPages({ call, host }: TestWorkspace, experiment: string, run: string): Promise<void> {
  const address = `/ml/experiments/${experiment}/runs/${run}`;
  expect((await call('GET', '/ml/experiments')).body).toContain(`/Users/${admin}/doubling`);
  expect((await call('GET', `/ml/experiments/${experiment}`)).body).toContain(address);
  const { body } = await call('GET', address);
  expect(body).toContain(`<img src="${address}/artifacts/pictures/smile.png"`);
  expect(body).toContain('<svg role="img" aria-label="curve"');
  const picture = await fetch(`https://${host}${address}/artifacts/pictures/smile.png`);
  expect(picture.headers.get('content-type')).toBe('image/png');
  expect(
    Buffer.from(await picture.arrayBuffer())
      .subarray(1, 4)
      .toString(),
  ).toBe('PNG');
  const model = await call('GET', `/explore/data/models/${catalog}/default/doubling/version/1`);
  expect(model.body).toContain('<strong>READY</strong>');
  expect(model.body).toContain('@champion');
  expect(model.body).toContain(address);
}

/** Code and first line of what the client raises. */
const refused = (run: string): Record<string, [string, unknown]> => {
  const invalid = (message: string): [string, unknown] => ['INVALID_PARAMETER_VALUE', expect.stringContaining(message)];
  const absent = (message: string): [string, string] => [
    'RESOURCE_DOES_NOT_EXIST',
    `RESOURCE_DOES_NOT_EXIST: ${message}`,
  ];
  return {
    run: absent(`Run '${'0'.repeat(32)}' not found.`),
    param: invalid(
      `Changing param values is not allowed. Params were already logged='[{'key': 'layers', 'old_value': '3', ` +
        `'new_value': '4'}]' for run ID='${run}'.`,
    ),
    filter: invalid("Expected numeric value type for metric. Found 'low'"),
    name: invalid("Got an invalid experiment name 'no path'"),
    parent: absent('Parent directory /Users/nobody does not exist.'),
    alias: absent(`Alias 'none' of model '${catalog}.default.doubling' does not exist.`),
    schema: absent(`Schema '${catalog}.none' does not exist.`),
    levels: invalid("'model' is not a valid name"),
    signature: ['INTERNAL_ERROR', expect.stringContaining('did not contain any signature metadata')],
    served: ['INVALID_STATE', expect.stringContaining("a version is in the stage 'Staging' or 'Production'")],
    source: ['INTERNAL_ERROR', expect.stringContaining('Failed registration. The given source path does not exist.')],
  };
};
