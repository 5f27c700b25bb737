import { describe, expect, test } from 'vitest';
import { toFailure } from '../../domain/errors.ts';
import { provenMetrics, provenModel, provenRun, provenTables, type SeenRun } from '../../domain/proof.ts';
import type { CountRow } from '../../domain/resultQueries.ts';
import { type DeclaredResults, resultLinks } from '../../domain/results.ts';

const links = resultLinks('w.test');
const owner = { deployment: 'd', attempt: '2-x' };
const declared: DeclaredResults = {
  metrics: { r2: 0.99 },
  tables: { features: 'a.b.features', evaluation: 'a.b.evaluation' },
  rows: { features: 10, evaluation: 2 },
  mlflow: { experiment_id: '42', run_id: 'ff' },
  model: { name: 'a.b.model', version: '3' },
};
const run: SeenRun = {
  id: 'ff',
  experimentId: '42',
  status: 'FINISHED',
  isDeleted: false,
  metrics: new Map([
    ['r2', 0.99],
    ['loss', 0.1],
  ]),
  tags: new Map(Object.entries(owner)),
};
const count = (role: string, all: bigint, fresh = all, other: string | null = null): CountRow => ({
  role,
  row_count: all,
  fresh_count: fresh,
  other,
});
const failureOf = (prove: () => unknown): object => {
  try {
    return { proven: prove() };
  } catch (error) {
    const { code, message, retryable, link } = toFailure(error);
    return { code, message, retryable, link };
  }
};

describe('provenTables', () => {
  const prove = (...counts: CountRow[]): object => failureOf(() => provenTables(declared, counts, owner, links));
  const evaluation = count('evaluation', 2n);
  const link = 'https://w.test/explore/data/a/b/features';

  test('gives the rows of this attempt, also beside those of another', () => {
    const tables = [
      { role: 'features', name: 'a.b.features', rows: 10, url: link },
      { role: 'evaluation', name: 'a.b.evaluation', rows: 2, url: 'https://w.test/explore/data/a/b/evaluation' },
    ];
    expect(prove(count('features', 10n), evaluation)).toEqual({ proven: tables });
    expect(prove(count('features', 30n, 10n, 'd attempt 1-x'), evaluation)).toEqual({ proven: tables });
  });

  test.each<[what: string, seen: CountRow, code: string, words: string]>([
    ['is empty', count('features', 0n), 'RESULTS_EMPTY', 'is empty'],
    ['is of somebody', count('features', 10n, 0n, 'e attempt 7-x'), 'RESULTS_STALE', '10 of deployment e attempt 7-x'],
    ['is of nobody', count('features', 10n, 0n), 'RESULTS_STALE', '10 of nobody'],
    ['is mixed', count('features', 10n, 4n, 'e'), 'RESULTS_STALE', 'has 4, and 6 of deployment e'],
    ['lacks rows', count('features', 9n), 'RESULTS_INVALID', 'has 9 rows'],
    ['has too many', count('features', 11n), 'RESULTS_INVALID', 'has 11 rows'],
    ['has far too many', count('features', 2n ** 63n - 1n), 'RESULTS_INVALID', 'has 9223372036854775807 rows'],
    ['is not told of', count('labels', 10n), 'RESULTS_INVALID', 'told nothing of a.b.features'],
  ])('refuses a table that %s', (_what, seen, code, words) => {
    expect(prove(seen, evaluation)).toEqual({
      code,
      message: expect.stringContaining(words) as string,
      retryable: false,
      link,
    });
  });

  test('refuses an empty table even when the notebook said so', () => {
    const empty = { ...declared, rows: { features: 0, evaluation: 2 } };
    const others = count('features', 5n, 0n, 'e');
    for (const seen of [count('features', 0n), others])
      expect(failureOf(() => provenTables(empty, [seen, evaluation], owner, links))).toMatchObject({
        retryable: false,
      });
  });
});

describe('provenRun', () => {
  test.each<[what: string, seen: Partial<SeenRun>, expected: object]>([
    ['takes a finished run of this attempt', {}, { proven: { id: 'ff', status: 'FINISHED' } }],
    ['refuses one that somebody has deleted', { isDeleted: true }, { code: 'RESULTS_MISSING', retryable: false }],
    ['refuses one that failed', { status: 'FAILED' }, { code: 'RESULTS_INVALID' }],
    ['refuses one that still runs', { status: 'RUNNING' }, { code: 'RESULTS_INVALID' }],
    [
      'refuses one without tags',
      { tags: new Map() },
      { code: 'RESULTS_STALE', message: expect.stringContaining('nobody') as string },
    ],
    [
      'refuses one of an earlier attempt',
      {
        tags: new Map([
          ['deployment', 'd'],
          ['attempt', '1-x'],
        ]),
      },
      { code: 'RESULTS_STALE', message: expect.stringContaining('attempt 1-x') as string },
    ],
  ])('%s', (_what, seen, expected) => {
    expect(failureOf(() => provenRun({ ...run, ...seen }, owner, links))).toMatchObject(expected);
  });
});

describe('provenMetrics', () => {
  const prove = (rows: [string, number | null][], seen: SeenRun = run, results = declared): object =>
    failureOf(() =>
      provenMetrics(
        results,
        rows.map(([metric, value]) => ({ metric, value })),
        seen,
        links,
      ),
    );

  test('takes metrics that MLflow has too, apart from the last digits', () => {
    expect(
      prove([
        ['loss', 0.1 + 1e-12],
        ['r2', 0.99],
      ]),
    ).toEqual({ proven: { loss: 0.1 + 1e-12, r2: 0.99 } });
  });

  test('takes a metric of which the notebook said nothing', () => {
    expect(prove([['loss', 0.1]], run, { ...declared, metrics: {} })).toEqual({ proven: { loss: 0.1 } });
  });

  test.each<[what: string, rows: [string, number | null][], code: string, words: string]>([
    ['no metrics', [], 'RESULTS_EMPTY', 'no metrics'],
    [
      'one twice',
      [
        ['r2', 0.99],
        ['r2', 0.99],
      ],
      'RESULTS_INVALID',
      'a metric twice',
    ],
    ['too many', Array.from({ length: 101 }, (_, i) => [`m${i}`, 0]), 'RESULTS_INVALID', 'more than 100'],
    ['one that MLflow lacks', [['other', 1]], 'RESULTS_INVALID', 'is 1 in a.b.evaluation and missing by MLflow'],
    ['one that differs', [['loss', 0.2]], 'RESULTS_INVALID', 'and 0.1 by MLflow'],
    ['one without a value', [['loss', null]], 'RESULTS_INVALID', 'The metric loss is null in a.b.evaluation'],
    ['one that is no number', [['loss', Number.NaN]], 'RESULTS_INVALID', 'The metric loss is NaN in a.b.evaluation'],
    ['one without bounds', [['loss', Infinity]], 'RESULTS_INVALID', 'The metric loss is Infinity in a.b.evaluation'],
    ['one with another sign', [['loss', -0.1]], 'RESULTS_INVALID', 'by MLflow'],
  ])('refuses %s', (_what, rows, code, words) => {
    expect(prove(rows)).toMatchObject({ code, message: expect.stringContaining(words) as string });
  });

  test('refuses a metric that MLflow has as NaN, and says so', () => {
    const seen = { ...run, metrics: new Map([['r2', Number.NaN]]) };
    expect(prove([['r2', 0.99]], seen)).toMatchObject({
      message: 'The metric r2 is 0.99 in a.b.evaluation and NaN by MLflow.',
    });
  });

  test.each([1, '0.99', null, Number.NaN])('refuses a metric that the notebook calls %j', (value) => {
    const results = { ...declared, metrics: { r2: value } };
    expect(prove([['r2', 0.99]], run, results)).toMatchObject({
      code: 'RESULTS_INVALID',
      message: expect.stringContaining('by the notebook') as string,
    });
  });
});

describe('provenModel', () => {
  test.each<[what: string, seen: { status: string; runId?: string }, expected: object]>([
    ['takes a ready one of the run', { status: 'READY', runId: 'ff' }, { proven: { name: 'a.b.model', version: '3' } }],
    ['refuses one of another run', { status: 'READY', runId: 'ee' }, { code: 'RESULTS_STALE' }],
    ['refuses one of no run', { status: 'READY' }, { code: 'RESULTS_STALE' }],
    ['refuses one that failed', { status: 'FAILED_REGISTRATION', runId: 'ff' }, { code: 'RESULTS_INVALID' }],
    [
      'waits for one that is being registered',
      { status: 'PENDING_REGISTRATION', runId: 'ff' },
      { code: 'RESULTS_MISSING', retryable: true },
    ],
  ])('%s', (_what, seen, expected) => {
    expect(failureOf(() => provenModel(declared, seen, links))).toMatchObject(expected);
  });
});
