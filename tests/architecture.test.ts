import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import * as steps from '../domain/steps.ts';
import { faultRows } from './support/faultMatrix.ts';

interface Source {
  path: string;
  text: string;
}

interface Rule {
  name: string;
  /** What is wrong with the file, if anything. */
  faults: (file: Source) => string[];
  /** Paths and texts that break the rule, by which it is seen to work. */
  broken: [path: string, text: string][];
}

const root = fileURLToPath(new URL('..', import.meta.url));
const files: Source[] = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((path) => path && existsSync(root + path))
  .map((path) => ({ path, text: readFileSync(root + path, 'utf8') }))
  .filter(({ text }) => !text.includes('\0'));
const stepNames = Object.values(steps).flatMap((value) => ('policy' in value ? [value.name] : []));
const index = readFileSync(`${root}functions/index.ts`, 'utf8');

const app = /^(?:domain|clients|activities|orchestrators|functions)\/.*\.ts$/;
const code = /^(?!tests\/fixtures\/).*\.ts$/;

/** They stand for packages that take longer to load than the rest of the app. */
const slowModules = new Set(['clients/armClients.ts', 'clients/insightsSdk.ts', 'clients/sqlDriver.ts']);

/** Who may import what: all rows that fit a path count. `type:` is for types only; what ends in / or - is a beginning. */
const mayImport: [path: RegExp, ...allowed: string[]][] = [
  [/^domain\//, 'domain/', 'valibot'],
  [/^domain\/ids\.ts$/, 'node:crypto'],
  [
    /^clients\//,
    'clients/',
    'domain/',
    'valibot',
    '@azure-rest/',
    '@azure/arm-',
    '@azure/core-',
    'type:@azure/identity',
  ],
  [/^clients\/credential\.ts$/, '@azure/identity'],
  [/^clients\/sqlDriver\.ts$/, '@databricks/sql'],
  [/^clients\/insightsSdk\.ts$/, 'applicationinsights/', 'node_modules/@azure/monitor-opentelemetry-exporter/'],
  [/^clients\/databricksSql\.ts$/, 'type:@databricks/sql', 'type:node:http', 'node:diagnostics_channel'],
  [/^activities\//, 'activities/', 'clients/', 'domain/', 'valibot', 'type:durable-functions', 'type:@azure/arm-'],
  [/^activities\//, '@azure/core-rest-pipeline', 'type:@azure/functions'],
  [/^activities\/signalInstance\.ts$/, 'durable-functions'],
  [/^orchestrators\//, 'orchestrators/', 'domain/', 'type:durable-functions'],
  [/^functions\//, 'functions/', 'domain/', 'valibot', 'durable-functions', '@azure/functions', 'node:crypto'],
  [/^functions\/index\.ts$/, 'activities/', 'orchestrators/'],
  // A dry run reads what the deletion itself would read, while its caller waits.
  [/^functions\/deleteDeployment\.ts$/, 'activities/readRemoval.ts'],
  // An event says what was, so the workspace is read as it is now before anything is started for it.
  [/^functions\/onSubscriptionEvent\.ts$/, 'activities/readTaggedWorkspace.ts'],
  // A plan is answered at once and starts nothing, so what the first steps read is read without an orchestration.
  [/^functions\/planDeployment\.ts$/, 'activities/'],
  // The stand-ins meet the app on the wire only; a clock, servers and stores know nothing of what they serve.
  [/^local\/(?!kit\/|faults\/)/, 'local/', 'domain/', 'package:'],
  [/^local\/(?:kit|faults)\//, 'local/kit/', 'local/faults/', 'package:'],
  [/^infra\//, 'infra/', 'domain/', 'package:'],
];

/** Every module that a file names in an import, an export or an import(); relative ones as paths in the repository. */
function importsOf({ path, text }: Source): string[] {
  const pattern = /^\s*(?:import|export)(\s+type\b)?[^'"`;()]*?from\s*['"]([^'"]+)|\bimport\s*\(?\s*()['"]([^'"]+)/gm;
  return [...text.matchAll(pattern)].map(([, type, from, , other]) => {
    const module = from ?? other ?? '';
    return (type ? 'type:' : '') + (module.startsWith('.') ? posix.join(posix.dirname(path), module) : module);
  });
}

function foreignImports(file: Source): string[] {
  const allowed = mayImport.flatMap(([path, ...entries]) => (path.test(file.path) ? entries : []));
  const fits = (module: string, entry: string): boolean =>
    entry === 'package:'
      ? !/^(?:type:)?(?:\.|[a-z]+\/)/.test(module)
      : /[/-]$/.test(entry)
        ? module.startsWith(entry)
        : module === entry;
  return importsOf(file).filter(
    (module) => !allowed.some((entry) => fits(module, entry) || fits(module.replace(/^type:/, ''), entry)),
  );
}

/** The code without comments and plain strings, in which words mean nothing. */
const bare = (text: string): string =>
  text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, '');

const matches = (text: string, pattern: RegExp): string[] => text.match(pattern) ?? [];

const exportsOwnName = ({ path, text }: Source): boolean =>
  new RegExp(`^export (?:async )?(?:const|function\\*?|class) ${basename(path, '.ts')}\\b`, 'im').test(text);

/** What gives something else on another machine, at another time, or to another call; or goes on when the call is over. */
const impure = new RegExp(
  [
    String.raw`\b(?:async|await|Promise|then)\b`,
    String.raw`\bDate\.now\b|\bnew Date(?:\(\s*\)|(?!\w|\())|(?<!new )\bDate\(|\bTemporal\b`,
    // By the machine's time zone and language.
    String.raw`\.[gs]et(?:FullYear|Month|Date|Day|Hours|Minutes|Seconds|Milliseconds|TimezoneOffset)\b|\.toLocale\w+|\bIntl\b`,
    String.raw`\bMath\.random\b|\bcrypto\b`,
    String.raw`\b(?:process|performance|global|globalThis|navigator|Buffer)\b`,
    String.raw`\b(?:fetch|setTimeout|setInterval|setImmediate|queueMicrotask|AbortSignal)\b`,
    String.raw`\b(?:require|import)\(`,
    // What one call leaves behind for the next.
    String.raw`^(?:export )?(?:let|var)\b`,
  ].join('|'),
  'gm',
);

const rules: Rule[] = [
  {
    name: 'each folder imports only what its place allows',
    faults: (file) =>
      /^(?:domain|clients|activities|orchestrators|functions|infra|local)\/.*\.ts$/.test(file.path)
        ? foreignImports(file)
        : [],
    broken: [
      ['domain/x.ts', "import { databricks } from '../clients/databricks.ts';"],
      ['domain/x.ts', "import { createHash } from 'node:crypto';"],
      ['domain/x.ts', "export * from '../functions/problem.ts';"],
      ['clients/x.ts', "import type { Task } from 'durable-functions';"],
      ['clients/x.ts', "import { ManagedIdentityCredential } from '@azure/identity';"],
      ['clients/databricks.ts', "import { DBSQLClient } from '@databricks/sql';"],
      ['clients/databricksSql.ts', "import { DBSQLClient } from '@databricks/sql';"],
      ['activities/x.ts', "import { withSqlSession } from '@databricks/sql';"],
      ['clients/insights.ts', "import { TelemetryClient } from 'applicationinsights';"],
      ['clients/insightsSdk.ts', "import { TelemetryClient } from 'applicationinsights';"],
      ['activities/x.ts', "import { deploy } from '../orchestrators/deploy.ts';"],
      ['orchestrators/x.ts', "import * as df from 'durable-functions';"],
      ['orchestrators/x.ts', "import {\n  submitRun,\n} from '../activities/submitRun.ts';"],
      ['orchestrators/x.ts', "import type { Arm } from '../clients/arm.ts';"],
      ['functions/startDeployment.ts', "import { deploy } from '../orchestrators/deploy.ts';"],
      ['functions/x.ts', "import { readTaggedWorkspace } from '../activities/readTaggedWorkspace.ts';"],
      ['functions/onSubscriptionEvent.ts', "import { submitRun } from '../activities/submitRun.ts';"],
      ['functions/x.ts', "const arm = await import('../clients/arm.ts');"],
      ['functions/x.ts', "import { VirtualClock } from '../local/kit/clock.ts';"],
      ['local/azure/x.ts', "import { parseLossless } from '../../clients/json.ts';"],
      ['local/host/x.ts', "import '../../functions/index.ts';"],
      ['local/dev/x.ts', "import { startWorld } from '../../tests/support/world.ts';"],
      ['local/kit/x.ts', "import { ArmError } from '../azure/armError.ts';"],
      ['infra/hooks/x.ts', "import { arm } from '../../clients/arm.ts';"],
    ],
  },
  {
    name: 'what is slow to load is imported at its first use',
    faults: ({ path, text }) =>
      app.test(path) && !slowModules.has(path)
        ? matches(
            text,
            /^(?:import|export)(?! type)[^;]*?from '(?:@azure\/identity|.*\/(?:armClients|insightsSdk|sqlDriver)\.ts)'/gm,
          )
        : [],
    broken: [
      ['clients/credential.ts', "import { ManagedIdentityCredential } from '@azure/identity';"],
      ['clients/arm.ts', "import { AzureDatabricksManagementClient } from './armClients.ts';"],
      ['clients/databricksSql.ts', "import {\n  DBSQLClient,\n} from './sqlDriver.ts';"],
      ['clients/insights.ts', "import { LogApi } from './insightsSdk.ts';"],
      ['activities/verifyResults.ts', "import { DBSQLClient } from '../clients/sqlDriver.ts';"],
    ],
  },
  {
    name: 'the ids take nothing of node:crypto but the hash',
    faults: ({ path, text }) =>
      path === 'domain/ids.ts' ? matches(text, /import (?!\{ createHash \} ).*'node:crypto'/g) : [],
    broken: [['domain/ids.ts', "import { createHash, randomUUID } from 'node:crypto';"]],
  },
  {
    name: 'no activity calls another',
    faults: (file) =>
      file.path.startsWith('activities/')
        ? importsOf(file).filter((from) => stepNames.some((name) => from === `activities/${name}.ts`))
        : [],
    broken: [['activities/ensureJob.ts', "import { ensureRepo } from './ensureRepo.ts';"]],
  },
  {
    name: 'orchestrators and the domain are deterministic: no clock, chance, process, network, promises or memory',
    faults: ({ path, text }) => (/^(?:orchestrators|domain)\//.test(path) ? matches(bare(text), impure) : []),
    broken: [
      ['orchestrators/x.ts', 'const now = Date.now();'],
      ['orchestrators/x.ts', 'const now = new Date();'],
      ['orchestrators/x.ts', 'const now = Date();'],
      ['orchestrators/x.ts', 'export const x = async () => {};'],
      ['orchestrators/x.ts', 'for await (const x of y) z();'],
      ['domain/x.ts', 'const floor = process.env.POLL_FLOOR_SECONDS;'],
      ['domain/x.ts', 'const jitter = Math.random();'],
      ['domain/x.ts', 'const id = crypto.randomUUID();'],
      ['orchestrators/x.ts', 'setTimeout(() => {}, 1000);'],
      ['orchestrators/x.ts', "fetch('https://a.test');"],
      ['orchestrators/x.ts', 'const now = new Date;'],
      ['orchestrators/x.ts', 'const hour = at.getHours();'],
      ['orchestrators/x.ts', 'const text = at.toLocaleTimeString();'],
      ['orchestrators/x.ts', 'look().then(show);'],
      ['orchestrators/x.ts', "const { deploy } = import('../functions/index.ts');"],
      ['domain/x.ts', 'export let calls = 0;'],
    ],
  },
  {
    name: 'nothing is exported as default',
    faults: ({ path, text }) =>
      code.test(path) && path !== 'vitest.config.ts'
        ? matches(bare(text), /^export\s+default\b.*|\bas\s+default\b.*/gm)
        : [],
    broken: [
      ['domain/x.ts', 'export default function () {}'],
      ['local/x.ts', 'export { x as default };'],
    ],
  },
  {
    name: 'a file of activities and orchestrators exports the name that it has',
    faults: (file) =>
      /^(?:activities|orchestrators)\/.*\.ts$/.test(file.path) && !exportsOwnName(file) ? [file.path] : [],
    broken: [['activities/submitRun.ts', 'export async function submit() {}']],
  },
  {
    name: 'a title names only rows that the fault matrix has',
    faults: ({ path, text }) =>
      path.endsWith('.test.ts')
        ? [...text.matchAll(/['`](F\d+): /g)].flatMap(([, id = '']) => (id in faultRows ? [] : [id]))
        : [],
    broken: [['tests/x.test.ts', ["test.each(cases)('F", "99: does %s', () => {});"].join('')]],
  },
  {
    name: 'no file has more than 400 lines of code',
    faults: ({ path, text }) => (code.test(path) && linesOf(text) > 400 ? [`${linesOf(text)} lines`] : []),
    broken: [['domain/x.ts', 'f();\n'.repeat(401)]],
  },
  {
    name: 'no text names a folder of the machine that it was written on',
    faults: ({ text }) => [
      ...matches(text, /(?<![\w.}/:$-])\/(?:home|root|work)\/(?!site\/)[\w.-]+|\b[A-Z]:\\+Users\\+\w+/g),
      ...[root, `${homedir()}/`].filter((folder) => folder.split('/').length > 3 && text.includes(folder)),
    ],
    broken: [
      ['docs/x.md', ['see ', 'home', 'somebody', 'notes'].join('/')],
      ['x.json', ['{"path": "', 'work', 'x"}'].join('/')],
      ['local/x.ts', ['C:', 'Users', 'me'].join('\\')],
    ],
  },
];

/** Lines with code, counted as the linter does: without blank ones and comments. */
function linesOf(text: string): number {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*/gm, '');
  return code.split('\n').filter((line) => line.trim()).length;
}

describe.each(rules)('$name', ({ faults, broken }) => {
  test('holds everywhere', () => {
    expect(files.flatMap((file) => faults(file).map((fault) => `${file.path}: ${fault}`))).toEqual([]);
  });

  test.each(broken)('is seen to be broken in %s: %s', (path, text) => {
    expect(faults({ path, text })).not.toEqual([]);
  });
});

test('the rules are applied to the whole app', () => {
  expect(files.filter(({ path }) => app.test(path)).length).toBeGreaterThan(45);
  expect(files.flatMap(importsOf).length).toBeGreaterThan(200);
  expect(importsOf({ path: 'orchestrators/deploy.ts', text: "import type { A } from '../domain/a.ts';" })).toEqual([
    'type:domain/a.ts',
  ]);
});

test('a date that is given and words in comments and texts are no impurity', () => {
  const text = "// await the process\nconst at = new Date(ms); const words = 'fetch async';";
  expect(rules.flatMap(({ faults }) => faults({ path: 'domain/x.ts', text }))).toEqual([]);
});

describe('registered names', () => {
  test.each(stepNames)('the step %s has its constant, its file and its registration under this name', (name) => {
    expect(steps).toHaveProperty([name, 'name'], name);
    expect(existsSync(`${root}activities/${name}.ts`)).toBe(true);
    expect(index).toMatch(new RegExp(`^(?:activity|clientActivity)\\(steps\\.${name}, ${name}\\);$`, 'm'));
  });

  test('nothing is registered as an activity that is no step', () => {
    const registered = [...index.matchAll(/^(?:activity|clientActivity)\(steps\.(\w+), (\w+)\);$/gm)].map(
      ([, step]) => step,
    );
    expect(new Set(registered)).toEqual(new Set(stepNames));
    expect(registered).toHaveLength(stepNames.length);
  });

  test('every orchestrator is registered once, under the name of its file', () => {
    const registered = [...index.matchAll(/df\.app\.orchestration\('(\w+)', (\w+)\)/g)];
    expect(registered.filter(([, name, handler]) => name !== handler)).toEqual([]);
    const own = files.filter(
      ({ path, text }) => path.startsWith('orchestrators/') && /: OrchestrationHandler = /.test(text),
    );
    expect(registered.map(([, name]) => `orchestrators/${name}.ts`).toSorted()).toEqual(
      own.map(({ path }) => path).toSorted(),
    );
  });

  test('every trigger has the name of its handler', () => {
    const registered = [
      ...index.matchAll(/\b(?:http|eventGrid)\(\s*'(\w+)',[\s\S]*?handler: (?:withProblems\()?(\w+)/g),
    ];
    expect(registered.length).toBeGreaterThanOrEqual(6);
    expect(registered.filter(([, name, handler]) => name !== handler)).toEqual([]);
  });

  test('every trigger behind the function key names the role that it needs, and no other does', () => {
    const triggers = index.match(/\bhttp\(\s*'[\s\S]*?\}\);/g) ?? [];
    expect(triggers.length).toBeGreaterThanOrEqual(5);
    const keyed = triggers.filter((trigger) => trigger.includes("authLevel: 'function'"));
    expect(triggers.filter((trigger) => /, '(?:Deployer|Reader)'\),\s*\}\);$/.test(trigger))).toEqual(keyed);
  });
});

test('files beyond 250 lines of code are named', () => {
  const long = files.filter(({ path, text }) => code.test(path) && linesOf(text) > 250);
  if (long.length > 0)
    console.warn(`beyond 250 lines: ${long.map(({ path, text }) => `${path} ${linesOf(text)}`).join(', ')}`);
  expect(linesOf('/** x\n * y */\n\n// z\na(); // b\nc();\n')).toBe(2);
});
