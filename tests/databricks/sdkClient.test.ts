import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { registerModel } from './support/registerModel.ts';
import { refusals, runPython } from './support/runPython.ts';
import { type TestWorkspace, admin, startTestWorkspace } from './support/startTestWorkspace.ts';

const catalog = 'implied_volatility';
const url = 'https://github.com/example/repository';

/** Lets the workspace's time pass while another process waits for it. */
function letTimePass({ clock }: TestWorkspace): void {
  const ticking = setInterval(() => {
    const due = clock.nextDue();
    if (due !== undefined) clock.advanceTo(due);
  }, 50);
  onTestFinished(() => clearInterval(ticking));
}

describe('the Databricks SDK for Python', { timeout: 120_000 }, () => {
  it('works with files, repositories, jobs, experiments, models, volumes, warehouses and the catalogue of the workspace', async () => {
    const source = fileURLToPath(new URL('notebooks', import.meta.url));
    const workspace = await startTestWorkspace({
      repositories: { [url]: source },
      script: { first: { seconds: 5, outcome: { result: 'acted' } } },
    });
    const name = `${catalog}.default.doubling`;
    await registerModel(workspace, name, 'the run');
    letTimePass(workspace);
    const said = await runPython(workspace, 'mlflow/uses_databricks_sdk.py', admin, catalog, name, 'the run', url);
    expect(said).toEqual({
      warehouse: ['RUNNING', 'STOPPED', 'RUNNING'],
      warehouses: [['sdk', 'RUNNING']],
      metastore: true,
      catalogs: [
        [catalog, null],
        ['research', 'trials'],
      ],
      schemas: [
        [
          ['research.default', null, {}],
          ['research.smiles', 'of surfaces', { stage: 'one' }],
        ],
        ['default'],
      ],
      tables: [[], false],
      user: admin,
      versions: true,
      listed: [`/Users/${admin}/sdk/first`],
      repo: ['main', `/Users/${admin}/repository`],
      run: 'SUCCESS',
      result: 'acted',
      runs: [['by the SDK', 'FINISHED', 7]],
      history: [[0.5, 1000]],
      version: ['READY', true, 'doubling'],
      alias: 1,
      model: name,
      files: [
        [`/Volumes/${catalog}/default/data/parts`, true, null],
        [`/Volumes/${catalog}/default/data/ä # 1.txt`, false, 5],
      ],
      large: true,
      refusals: [
        `The file /Volumes/${catalog}/default/data/none does not exist.`,
        expect.stringContaining(`The files of model version ${name}/1 can no longer be changed.`),
        `Version '9' of model '${name}' does not exist.`,
        expect.stringContaining('The schema has 0 tables(s), 1 functions(s), 1 volumes(s)'),
        `Node named /Users/${admin}/sdk/experiment already exists`,
      ],
    });
    expect(refusals(workspace)).toEqual([]);
  });
});
