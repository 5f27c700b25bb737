import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { errorTable } from '../../domain/errorTable.ts';
import { errorsPage } from '../../local/setup/errorsPage.ts';

const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');

test('docs/errors.md says what the error table says (node local/setup/errorsPage.ts writes it)', () => {
  expect(page).toBe(errorsPage());
});

test('docs/errors.md has one row of five cells for every code', () => {
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  expect(new Set(rows.map((line) => /`(\w+)`/.exec(line)?.[1]))).toEqual(new Set(Object.keys(errorTable)));
  expect(rows).toHaveLength(Object.keys(errorTable).length);
  expect(rows.filter((line) => line.split(/(?<!\\)\|/).length !== 7)).toEqual([]);
});

test('links lead to Microsoft\u2019s documentation, in no particular language', () => {
  const links = Object.values(errorTable).flatMap((entry) => ('link' in entry ? [entry.link] : []));
  expect(links.length).toBeGreaterThan(10);
  const documentation = /^https:\/\/learn\.microsoft\.com\/(?![a-z]{2}-[a-z]{2}\/)(?:azure|cli\/azure)\/[a-z0-9/-]+$/;
  expect(links.filter((link) => !documentation.test(link))).toEqual([]);
});
