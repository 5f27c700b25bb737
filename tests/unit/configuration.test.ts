import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('the configuration page explains every setting that the app reads, and the sample has those without a default', () => {
  const sources = read('functions/settings.ts') + read('domain/endpoints.ts');
  const names = [...sources.matchAll(/^ {2}([A-Z][A-Z_]+): ?(v\.optional)?/gm)].map(([, name = '', optional]) => ({
    name,
    optional,
  }));
  const page = read('docs/configuration.md');
  const sample = JSON.parse(read('local.settings.sample.json')) as { Values: Record<string, string> };
  expect(names.length).toBeGreaterThan(10);
  expect(names.filter(({ name }) => !page.includes(`| \`${name}\` |`))).toEqual([]);
  expect(names.filter(({ name, optional }) => !optional && !(name in sample.Values))).toEqual([]);
});
