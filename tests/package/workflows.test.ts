import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { workflowFaults } from '../support/workflowFaults.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(root + path, 'utf8');

interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
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
    const wanted = read('.ci/run').match(/^(?:SWEEP=full )?npm .*$/gm) ?? [];
    expect(wanted).toHaveLength(3);
    const ci = read('.github/workflows/ci.yml');
    for (const command of wanted) expect(ci).toContain(`run: ${command.replace('SWEEP=full ', '')}\n`);
    expect(ci).toContain('SWEEP: full');
  });

  test('compiles with the compiler that the committed templates come from', () => {
    const [, compiled = ''] = /"version": "([\d.]+)"/.exec(read('infra/main.json')) ?? [];
    const [, used] = /az bicep install --version v([\d.]+)/.exec(commands) ?? [];
    expect(compiled.startsWith(`${used}.`)).toBe(true);
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
