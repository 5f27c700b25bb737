import { spawnSync } from 'node:child_process';
import { chmodSync, globSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { workflowFaults } from '../support/workflowFaults.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(root + path, 'utf8');

interface Step {
  name?: string;
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
  env?: Record<string, string>;
}
interface Job {
  uses?: string;
  steps?: Step[];
  'timeout-minutes'?: number;
  'runs-on'?: string;
  permissions?: Record<string, string>;
}
interface Workflow {
  on: Record<string, unknown>;
  permissions: Record<string, string>;
  concurrency: { group: string };
  jobs: Record<string, Job>;
}

const files = globSync('.github/workflows/*.yml', { cwd: root }).toSorted();
const workflows = files.map((path): [string, Workflow] => [path, parse(read(path)) as Workflow]);
const jobs = workflows.flatMap(([, workflow]) => Object.values(workflow.jobs));
const action = parse(read('.github/actions/prepare/action.yml')) as { runs: { steps: Step[] } };
const steps = [...jobs.flatMap(({ steps = [] }) => steps), ...action.runs.steps];

const faultsOf = await workflowFaults();

describe('the GitHub workflows', () => {
  test('are those that there should be', () => {
    expect(files.map((path) => path.split('/').at(-1))).toEqual([
      'ci.yml',
      'nightly.yml',
      'release.yml',
      'what-if.yml',
    ]);
  });

  test.each(files)('%s has no fault that GitHub knows', async (path) => {
    expect(await faultsOf(read(path))).toEqual([]);
  });

  test('their common action has none either, and one in it would be seen', async () => {
    const text = read('.github/actions/prepare/action.yml');
    expect(await faultsOf(text, 'action')).toEqual([]);
    expect((await faultsOf(text.replace('shell: bash', 'shel: bash'), 'action')).join()).toContain("'shel'");
  });

  test.each([
    ['a job that is needed and not there', 'needs: ci', 'needs: tests', "depends on unknown job 'tests'"],
    ['a job that waits for itself', 'needs: ci', 'needs: release', 'creates a cycle'],
    ['a value that there is not', 'github.token', 'github.tokens', 'might be invalid: tokens'],
    ['a context that there is not', 'github.token', 'githb.token', "Unrecognized named-value: 'githb'"],
    ['a right that there is not', 'contents: write', 'contents: wide', "Unexpected value 'wide'"],
    ['a key that there is not', 'runs-on:', 'run-on:', "Unexpected value 'run-on'"],
    ['a time that is none', 'timeout-minutes: 20', 'timeout-minutes: soon', "Unexpected value 'soon'"],
    ['a broken quotation', "['v*']", "['v*", "Missing closing 'quote"],
  ])('the check sees %s', async (_, good, bad, words) => {
    const text = read('.github/workflows/release.yml');
    expect(text).toContain(good);
    expect((await faultsOf(text.replace(good, bad))).join('\n')).toContain(words);
  });

  test('use actions of others by their commit, with the version beside it, and keep no credentials', () => {
    const foreign = [...files, '.github/actions/prepare/action.yml']
      .flatMap((path) => read(path).match(/uses: .*/g) ?? [])
      .filter((line) => !line.includes('uses: ./'));
    expect(foreign.length).toBeGreaterThan(5);
    expect(foreign.filter((line) => !/^uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([]);
    // One commit for each action.
    const names = new Set(foreign.map((line) => line.split('@')[0]));
    expect(new Set(foreign).size).toBe(names.size);
    const checkouts = steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'));
    expect(checkouts.filter((step) => step.with?.['persist-credentials'] !== false)).toEqual([]);
  });

  test('may read, and only what the release and the sign-in need beyond it', () => {
    for (const [path, { permissions }] of workflows) expect([path, permissions]).toEqual([path, { contents: 'read' }]);
    expect(jobs.flatMap(({ permissions }) => (permissions ? [permissions] : []))).toEqual([
      { contents: 'write' },
      { contents: 'read', 'id-token': 'write' },
    ]);
  });

  test('end by themselves, one after the other', () => {
    for (const [path, { concurrency }] of workflows)
      expect([path, concurrency.group]).toEqual([path, expect.any(String)]);
    for (const job of jobs.filter(({ uses }) => !uses)) {
      expect(job['timeout-minutes']).toBeGreaterThan(0);
      expect(job['runs-on']).toBe('ubuntu-24.04');
    }
  });

  test('put nothing that others write into a command', () => {
    expect(steps.filter(({ run }) => run?.includes('${{'))).toEqual([]);
    expect(workflows.filter(([, { on }]) => 'pull_request_target' in on)).toEqual([]);
  });
});

/** Runs the command of a step as GitHub does, with an az and a bicep that note how they are called, one of them failing. */
function runStep(
  step: Step | undefined,
  environment: Record<string, string>,
  failing = '',
): { status: number | null; calls: string[]; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'step-'));
  const [script, calls] = [join(folder, 'script'), join(folder, 'calls')];
  writeFileSync(script, step?.run ?? 'exit 9');
  writeFileSync(calls, '');
  for (const program of ['az', 'bicep']) {
    const file = join(folder, program);
    writeFileSync(file, `#!/bin/sh\necho "${program} $*" >>'${calls}'\n[ "${program} $*" != '${failing}' ]\n`);
    chmodSync(file, 0o755);
  }
  const own = { PATH: `${folder}${delimiter}${process.env['PATH']}`, RUNNER_TEMP: folder };
  const { status } = spawnSync('bash', ['-e', script], { cwd: root, env: { ...process.env, ...own, ...environment } });
  return { status, calls: readFileSync(calls, 'utf8').split('\n').filter(Boolean), folder };
}

const noJq = spawnSync('jq', ['--version']).status !== 0;
if (noJq) console.warn('There is no jq: what the workflow what-if gives to Azure is not tested.');

describe.skipIf(noJq)(`what is asked of Azure beforehand${noJq ? ' (skipped: there is no jq)' : ''}`, () => {
  const [, whatIf] = workflows.find(([path]) => path.endsWith('/what-if.yml')) ?? [];
  const step = whatIf?.jobs['what-if']?.steps?.at(-1);
  const ask = (parameters: string): ReturnType<typeof runStep> =>
    runStep(step, { RESOURCE_GROUP: 'rg-app', NAME: 'volatility', PARAMETERS: parameters });

  test('is asked with the parameters that are given, as a file', () => {
    const { inputs } = (whatIf as Workflow).on['workflow_dispatch'] as {
      inputs: Record<string, { default?: string }>;
    };
    expect(inputs['parameters']?.default).toBe('{}');
    expect(step?.env).toMatchObject({ NAME: '${{ inputs.name }}', PARAMETERS: '${{ inputs.parameters }}' });
    const { status, calls, folder } = ask('{"schedulerLocation": "northeurope", "enableEventGrid": true}');
    expect(status).toBe(0);
    expect(calls).toEqual([
      `az deployment group what-if --resource-group rg-app --template-file infra/main.json --validation-level ProviderNoRbac --parameters @${folder}/parameters.json`,
    ]);
    const file = JSON.parse(readFileSync(join(folder, 'parameters.json'), 'utf8')) as Record<string, unknown>;
    expect(file).toEqual({
      $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#',
      contentVersion: '1.0.0.0',
      parameters: {
        name: { value: 'volatility' },
        schedulerLocation: { value: 'northeurope' },
        enableEventGrid: { value: true },
      },
    });
  });

  test.each(['', '[]', '"name"', '{} {}', '{"name": }', '$(touch infra/injected)', `{}' >/dev/null; az logout '`])(
    'is not asked with what is no object: %s',
    (parameters) => {
      const { status, calls } = ask(parameters);
      expect(status).not.toBe(0);
      expect(calls).toEqual([]);
    },
  );

  test('takes what looks like a command for a value', () => {
    const { status, folder } = ask(JSON.stringify({ alertEmail: '$(az logout)\'"; `az logout`' }));
    expect(status).toBe(0);
    expect(readFileSync(join(folder, 'parameters.json'), 'utf8')).toContain('$(az logout)');
    expect(readFileSync(join(folder, 'calls'), 'utf8')).not.toContain('logout');
  });
});

describe('what they run', () => {
  const { scripts, version, repository } = JSON.parse(read('package.json')) as {
    scripts: Record<string, string>;
    version: string;
    repository: string;
  };
  const commands = steps.flatMap(({ run }) => (run ? [run] : [])).join('\n');

  test('is there', () => {
    const names = [...commands.matchAll(/npm (?:run -s (\w+)|(test))/g)].map(
      ([, script, test]) => script ?? test ?? '',
    );
    expect(names.filter((name) => !(name in scripts))).toEqual([]);
    expect(commands).toContain('bash .ci/nightly');
  });

  test('is in CI all that has to hold before a change lands', () => {
    const wanted = [...read('.ci/run').matchAll(/^((?:\w+=\w+ )*)(npm .*)$/gm)];
    expect(wanted).toHaveLength(3);
    const ci = read('.github/workflows/ci.yml');
    for (const [, settings = '', command = ''] of wanted) {
      expect(ci).toContain(`run: ${command}\n`);
      for (const setting of settings.trim().split(' ').filter(Boolean))
        expect(ci).toContain(`${setting.replace('=', ': ')}\n`);
    }
  });

  test('compiles with the compiler that the committed templates come from', () => {
    const [, compiled = ''] = /"version": "([\d.]+)"/.exec(read('infra/main.json')) ?? [];
    const [, used] = /az bicep install --version v([\d.]+)/.exec(commands) ?? [];
    expect(compiled.startsWith(`${used}.`)).toBe(true);
  });

  test('builds the templates with the compilers of azd as well, last, because they take the place of the other', () => {
    const [, check] = workflows.find(([path]) => path.endsWith('/ci.yml')) ?? [];
    const step = check?.jobs['check']?.steps?.at(-1);
    const seen = runStep(step, { BICEP: 'bicep' });
    expect(seen.calls).toEqual(
      ['v0.42.1', 'v0.45.15'].flatMap((compiler) => [
        `az bicep install --version ${compiler}`,
        'bicep build infra/main.bicep --stdout',
        'bicep build infra/workspace.bicep --stdout',
      ]),
    );
    expect(seen.status).toBe(0);
    const refused = runStep(step, { BICEP: 'bicep' }, 'bicep build infra/main.bicep --stdout');
    expect([refused.status, refused.calls.length]).toEqual([1, 2]);
  });

  test('attaches to a release what the button and the templates name', () => {
    const assets =
      /gh release create .*/
        .exec(commands)?.[0]
        .split(' ')
        .filter((word) => /[./]/.test(word)) ?? [];
    expect(assets).toEqual([
      'dist/app.zip',
      'dist/app.zip.sha256',
      'infra/main.json',
      'infra/workspace.json',
      'infra/createUiDefinition.json',
    ]);
    expect(read('infra/createUiDefinition.json')).toContain(`"${repository}/releases/download/v${version}/app.zip"`);
  });
});
