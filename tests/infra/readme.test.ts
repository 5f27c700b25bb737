import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readSnapshot, readTemplate } from '../support/infra.ts';

const page = readFileSync(new URL('../../infra/README.md', import.meta.url), 'utf8');

/** The rows of the table under a heading, by their cells. */
function rowsUnder(heading: string): string[][] {
  const [, section = ''] = page.split(`\n${heading}\n`);
  const [own = ''] = section.split(/\n#+ /);
  return [...own.matchAll(/^\| `.*$/gm)].map(([row]) => row.split('|').map((cell) => cell.trim()));
}

const unquoted = (cell = ''): string => cell.replaceAll('`', '');

/** What stands for a default that is a plain value. */
const shown = (value: unknown): string | undefined => {
  // Expressions, and what follows the version, are told in words.
  if (typeof value === 'string' && /^(?:\[|https:|v\d)/.test(value)) return undefined;
  if (Array.isArray(value)) return String(value[0]).startsWith('[') ? undefined : value.join(', ');
  if (value === '') return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
};

describe.each([
  ['main', '## Parameters'],
  ['workspace', '### workspace.bicep'],
] as const)('the parameters of %s', (name, heading) => {
  const { parameters = {} } = readTemplate(name);
  const rows = rowsUnder(heading);

  test('stand in the README, each and in order', () => {
    expect(rows.map(([, parameter]) => unquoted(parameter))).toEqual(Object.keys(parameters));
  });

  test('have the defaults that stand there', () => {
    const defaults = rows.map(([, parameter, value]) => [unquoted(parameter), unquoted(value)] as const);
    const wrong = defaults.filter(([parameter, value]) => {
      const wanted = shown(parameters[parameter]?.defaultValue);
      return parameters[parameter]?.defaultValue !== undefined && wanted !== undefined && wanted !== value;
    });
    expect(wrong).toEqual([]);
  });

  test('are all described, for the form of the portal', () => {
    expect(Object.entries(parameters).filter(([, { metadata }]) => !metadata?.description)).toEqual([]);
  });
});

test('everything that is made stands in the README', () => {
  const types = new Set(
    ['everything', 'events'].flatMap((name) =>
      readSnapshot(name).predictedResources.map(({ type }) => type.split('/').slice(0, 2).join('/')),
    ),
  );
  expect(
    rowsUnder('## What it makes')
      .map(([, type]) => unquoted(type))
      .toSorted(),
  ).toEqual([...types].toSorted());
});

test('every output stands in the README', () => {
  const [, outputs = ''] = /^Outputs: ([^.]+)\./m.exec(page) ?? [];
  expect(outputs.match(/\w+/g)).toEqual(Object.keys(readTemplate('main').outputs ?? {}));
});
