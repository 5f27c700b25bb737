import * as fc from 'fast-check';
import { either, type Judged, refused, taken, together } from './verdict.ts';

type Parameters = [name: string, value: string][];

interface Values {
  good?: string[];
  bad?: string[];
  /** Which of both they are, depends on the rest. */
  open?: string[];
}

const flag: Values = { good: ['true', 'false'], bad: ['', 'TRUE', '1', 'yes', 'true,false', '\u0000', 'true\n'] };

const odd = ['', '..', 'x'.repeat(3000), '🦊', '\u0000', "' or 1=1", '__proto__'];

/** The parameters that an entry knows, with values that it takes and that it refuses. */
const known: Record<string, Record<string, Values>> = {
  startDeployment: { dryRun: flag },
  listDeployments: {
    status: { good: ['Running', 'Completed', 'Failed'], bad: ['running', 'Deleted', '', 'toString', 'Running,Failed'] },
    since: {
      good: ['2026-01-01T00:00:00Z', '1970-01-01', '2099-12-31T23:59:59.999Z'],
      bad: ['yesterday', '', '\u0000', '-', 'NaN', '2026-13-01', '+123456-01-01T00:00:00Z', '-000001-01-01T00:00:00Z'],
    },
    limit: { good: ['1', '50', '200'], bad: ['0', '201', '-1', '1.5', '1e2', '٣', '', '9'.repeat(400), '0x10'] },
  },
  readStatusLink: {
    expires: { bad: ['', '0', '99999999999', '-1', '9'.repeat(20), 'never', '1e12'] },
    signature: { bad: ['', 'A'.repeat(43), 'ü', '\u0000', '='.repeat(5000)] },
  },
  deleteDeployment: {
    data: flag,
    dryRun: flag,
    resourceGroup: { open: ['rg-volatility', 'rg-other', ...odd] },
    workspaceName: { open: ['dbw-forgotten', ...odd] },
    accelerator: { open: ['predicting-implied-volatility', ...odd] },
    repositoryUrl: { open: ['https://github.com/nobody/nothing', ...odd] },
    runmePath: { open: odd },
  },
};

/** Whether an entry refuses parameters that it does not know: a misspelt wish would be acted upon otherwise. */
const isStrict = new Set([
  'startDeployment',
  'listDeployments',
  'retryDeployment',
  'cancelDeployment',
  'deleteDeployment',
]);

const judgedBy: Record<keyof Values, <T>(value: T) => Judged<T>> = { good: taken, bad: refused, open: either };

function one(name: string, values: Values): fc.Arbitrary<Judged<Parameters>> {
  const kinds = Object.entries(values) as [keyof Values, string[]][];
  const any = fc.constantFrom(...kinds.flatMap(([, texts]) => texts));
  return fc.oneof(
    ...kinds.map(([kind, texts]) => ({
      weight: kind === 'good' ? 4 : 2,
      arbitrary: fc.constantFrom(...texts).map((value) => judgedBy[kind]<Parameters>([[name, value]])),
    })),
    {
      weight: 1,
      arbitrary: fc.tuple(any, any).map((twice) => either<Parameters>(twice.map((value) => [name, value]))),
    },
  );
}

const foreignNames = [
  'dryrun',
  'DRYRUN',
  'dry_run',
  'rerun',
  'force',
  '__proto__',
  'constructor',
  '',
  '\u0000',
  'état',
];

const foreign = (entry: string): fc.Arbitrary<Judged<Parameters>> =>
  fc.tuple(fc.constantFrom(...foreignNames), fc.constantFrom('true', '', '1', 'x'.repeat(2000))).map((parameter) =>
    // The library loses one of that name before the app sees it.
    isStrict.has(entry) && parameter[0] !== '__proto__' ? refused([parameter]) : either([parameter]),
  );

/** Queries of an entry: most of them short and sound. */
export function queriesOf(entry: string): fc.Arbitrary<Judged<Parameters>> {
  const own = Object.entries(known[entry] ?? {}).map(([name, values]) => one(name, values));
  return fc.oneof(
    { weight: 5, arbitrary: fc.constant(taken<Parameters>([])) },
    ...own.map((arbitrary) => ({ weight: 2, arbitrary })),
    { weight: 1, arbitrary: foreign(entry) },
    ...(own.length > 1
      ? [
          {
            weight: 2,
            arbitrary: fc.tuple(...own).map((all) => ({
              value: all.flatMap(({ value }) => value),
              verdict: together(...all.map(({ verdict }) => verdict)),
            })),
          },
        ]
      : []),
  );
}

/** As a text that goes behind a path. */
export const searchOf = (parameters: Parameters): string =>
  parameters.length === 0
    ? ''
    : `?${parameters.map((pair) => pair.map((part) => encodeURIComponent(part)).join('=')).join('&')}`;

/** Whether it asks for a plan alone. */
export const isDryRun = (parameters: Parameters): boolean =>
  parameters.some(([name, value]) => name === 'dryRun' && value === 'true');
