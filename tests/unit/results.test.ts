import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countQuery, metricQuery } from '../../domain/resultQueries.ts';
import { declaredResults, resultLinks } from '../../domain/results.ts';

const account = {
  metrics: { error_percent: 1.05 },
  pictures: ['/Users/a/smiles.png'],
  tables: { features: 'main.iv.features', labels: 'main.iv.labels', evaluation: 'main.iv.evaluation' },
  rows: { features: 10, labels: 10, evaluation: 2 },
  mlflow: { experiment_id: '42', run_id: 'a'.repeat(32) },
  model: { name: 'main.iv.model', version: '1' },
};
const owner = { deployment: 'd', attempt: '1-x' };

describe('declaredResults', () => {
  test('reads what it needs and leaves out the rest', () => {
    const { pictures: _pictures, ...needed } = account;
    expect(declaredResults(account, undefined)).toEqual(needed);
  });

  test('takes every name that Unity Catalog allows, but for quotes', () => {
    for (const schema of ['größe', '1-a', '$x', 'a%2F', '量'.repeat(31)]) {
      const name = `main.${schema}.evaluation`;
      const given = { ...account, tables: { evaluation: name }, rows: { evaluation: 2 } };
      expect(declaredResults(given, undefined).tables['evaluation']).toBe(name);
    }
  });

  test.each<[what: string, handedOver: unknown, fault: string]>([
    ['nothing', null, '(all)'],
    ['text', 'done', '(all)'],
    ['a list', [account], 'tables'],
    ['no tables', { ...account, tables: {} }, 'tables: There is no evaluation table.'],
    ['a name of two levels', { ...account, tables: { evaluation: 'iv.evaluation' } }, 'tables.evaluation'],
    ['an empty part', { ...account, tables: { evaluation: 'main..evaluation' } }, 'tables.evaluation'],
    ['a quote in a name', { ...account, tables: { evaluation: 'a.b.c`--' } }, 'tables.evaluation'],
    ['a path in a name', { ...account, tables: { evaluation: 'a.b/c.d' } }, 'tables.evaluation'],
    ['half a character in a name', { ...account, tables: { evaluation: 'a.b.\ud800' } }, 'tables.evaluation'],
    ['a name too long', { ...account, tables: { evaluation: `a.b.${'x'.repeat(299)}` } }, 'A name is too long.'],
    ['a name too long in a link', { ...account, tables: { evaluation: `a.b.${'量'.repeat(34)}` } }, 'too long'],
    ['SQL for a name', { ...account, tables: { evaluation: 'a.b.c` WHERE 1=1 --' } }, 'tables.evaluation'],
    ['a line break in a name', { ...account, tables: { evaluation: 'a.b.c\n' } }, 'tables.evaluation'],
    ['SQL for a role', { ...account, tables: { ...account.tables, "x' OR '": 'a.b.c' } }, 'tables'],
    [
      'too many tables',
      { ...account, tables: Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`t${i}`, 'a.b.c'])) },
      'tables',
    ],
    ['no count for a table', { ...account, rows: { features: 10, labels: 10 } }, 'A table has no rows.'],
    ['half a row', { ...account, rows: { ...account.rows, labels: 0.5 } }, 'rows.labels'],
    ['less than no rows', { ...account, rows: { ...account.rows, labels: -1 } }, 'rows.labels'],
    ['more rows than a number holds', { ...account, rows: { ...account.rows, labels: 2 ** 53 } }, 'rows.labels'],
    ['no MLflow run', { ...account, mlflow: undefined }, 'mlflow'],
    ['a path for a run', { ...account, mlflow: { experiment_id: '1', run_id: '../get' } }, 'mlflow.run_id'],
    ['no model', { ...account, model: {} }, 'model.name'],
    ['a model name of two levels', { ...account, model: { name: 'iv.model', version: '1' } }, 'model.name'],
    ['a path for a model name', { ...account, model: { name: '../model', version: '1' } }, 'model.name'],
    ['a path for a version', { ...account, model: { name: 'a.b.c', version: '1/aliases' } }, 'model.version'],
  ])('refuses %s and names the fault', (_what, handedOver, fault) => {
    let failure: unknown;
    try {
      declaredResults(handedOver, 'https://run.test');
    } catch (error) {
      ({ failure } = error as { failure: unknown });
    }
    expect(failure).toMatchObject({ code: 'RESULTS_UNDECLARED', retryable: false, link: 'https://run.test' });
    expect((failure as { cause: string }).cause).toContain(fault);
  });
});

describe('the queries', () => {
  test('ask for every table in one statement, with names and owner as parameters', () => {
    const { text, parameters } = countQuery(declaredResults(account, undefined), owner);
    expect(text.split('\nUNION ALL\n')).toHaveLength(3);
    expect(text.match(/'\w+' AS role/g)).toEqual(["'features' AS role", "'labels' AS role", "'evaluation' AS role"]);
    expect(parameters).toEqual({
      ...owner,
      table0: '`main`.`iv`.`features`',
      table1: '`main`.`iv`.`labels`',
      table2: '`main`.`iv`.`evaluation`',
    });
    expect(metricQuery(declaredResults(account, undefined), owner).parameters).toEqual({
      ...owner,
      evaluation: '`main`.`iv`.`evaluation`',
      model: 'network',
    });
  });

  test('hold no value that somebody else chose, whatever it is', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (deployment, attempt) => {
        const usual = countQuery(declaredResults(account, undefined), owner);
        const query = countQuery(declaredResults(account, undefined), { deployment, attempt });
        expect(query.text).toBe(usual.text);
        expect(query.parameters).toMatchObject({ deployment, attempt });
      }),
    );
  });
});

test('the links lead to the pages of the workspace', () => {
  const links = resultLinks('adb-1.2.azuredatabricks.net');
  const models = [links.model('a.b.m', '3'), links.model('m', '3')];
  expect(links.table('a.größe.c?')).toBe('https://adb-1.2.azuredatabricks.net/explore/data/a/gr%C3%B6%C3%9Fe/c%3F');
  expect([links.table('a.b.c'), links.mlflowRun('42', 'ff'), ...models]).toEqual([
    'https://adb-1.2.azuredatabricks.net/explore/data/a/b/c',
    'https://adb-1.2.azuredatabricks.net/ml/experiments/42/runs/ff',
    'https://adb-1.2.azuredatabricks.net/explore/data/models/a/b/m/version/3',
    'https://adb-1.2.azuredatabricks.net/ml/models/m/versions/3',
  ]);
});
