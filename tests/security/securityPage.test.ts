import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(`${root}SECURITY.md`, 'utf8');

/** The tests that the page names as proofs, with their files. */
const proofs = [...page.matchAll(/`([\w/]+\.test\.ts)`: (`[^`]+`(?:, `[^`]+`)*)/g)].flatMap(
  ([, file = '', titles = '']) => [...titles.matchAll(/`([^`]+)`/g)].map(([, title = '']) => [file, title] as const),
);

test('SECURITY.md names only proofs that there are', () => {
  expect(proofs.length).toBeGreaterThan(30);
  const missing = proofs.filter(([file, title]) => {
    const text = readFileSync(`${root}tests/${file}`, 'utf8');
    return ![`'${title}'`, `"${title}"`, `\`${title}\``].some((quoted) => text.includes(quoted));
  });
  expect(missing).toEqual([]);
});

test('SECURITY.md leaves out no row\u2019s proof, and no file of the security tests', () => {
  const [, table = ''] = /## What is defended\n([^]*?)\n## /.exec(page) ?? [];
  const rows = table.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| Against'));
  expect(rows.length).toBeGreaterThan(10);
  expect(rows.filter((row) => !/\.test\.ts`: `/.test(row))).toEqual([]);
  const files = globSync('security/*.test.ts', { cwd: `${root}tests` }).filter(
    (file) => !file.includes('securityPage'),
  );
  const named = new Set(proofs.map(([file]) => file));
  expect(files.filter((file) => !named.has(file))).toEqual([]);
});
