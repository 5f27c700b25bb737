import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(root + path, 'utf8');
const { repository, version, scripts } = JSON.parse(read('package.json')) as {
  repository: string;
  version: string;
  scripts: Record<string, string>;
};
const readme = read('README.md');

test('the buttons open the templates of this repository and version, and the form that belongs to the app', () => {
  const base = `${repository.replace('github.com', 'raw.githubusercontent.com')}/v${version}/`;
  const buttons = [...readme.matchAll(/\(https:\/\/portal\.azure\.com\/#create\/Microsoft\.Template\/([^)]*)\)/g)];
  const parts = buttons.map(([, path = '']) => path.split('/').map(decodeURIComponent));
  expect(parts).toEqual([
    ['uri', `${base}infra/main.json`, 'createUIDefinitionUri', `${base}infra/createUiDefinition.json`],
    ['uri', `${base}infra/workspace.json`],
  ]);
  const files = parts.flat().filter((part) => part.startsWith(base));
  for (const file of files) expect(existsSync(root + file.slice(base.length))).toBe(true);
  expect(readme).toContain(`package of release ${version}`);
});

test('the rights that the button needs are told above it', () => {
  const rights = readme.indexOf('You need Owner, or Contributor together with Role Based Access Control Administrator');
  expect(rights).toBeGreaterThan(0);
  expect(rights).toBeLessThan(readme.indexOf('deploytoazurebutton'));
});

test('every command of package.json that the README names is there', () => {
  const named = [...readme.matchAll(/npm run (?:-s )?([\w:]+)/g)].map(([, name = '']) => name);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
  expect(named).toEqual(expect.arrayContaining(['package', 'infra']));
});
