import { strFromU8, unzipSync } from 'fflate';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { type AppPackage, packageApp } from '../../local/setup/package.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const freshFolder = (): string => mkdtempSync(join(tmpdir(), 'bundle-'));

let made: AppPackage;
let contents: Record<string, string>;
beforeAll(async () => {
  made = await packageApp(freshFolder());
  contents = Object.fromEntries(Object.entries(unzipSync(made.bytes)).map(([path, of]) => [path, strFromU8(of)]));
});

test('the package holds the bundle, its chunks, host.json and a manifest, and nothing else', () => {
  expect(Object.keys(contents)).toEqual(made.files);
  expect(made.files).toEqual(expect.arrayContaining(['host.json', 'package.json', 'dist/functions.mjs']));
  const others = made.files.filter(
    (path) => !/^(?:host\.json|package\.json|dist\/functions\.mjs|dist\/chunks\/[\w-]+\.mjs)$/.test(path),
  );
  expect(others).toEqual([]);
  expect(contents['host.json']).toBe(readFileSync(`${root}host.json`, 'utf8'));
});

test('its manifest says what the runtime reads, and names nothing to install or to run', () => {
  const { name, version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as Record<string, string>;
  const manifest: unknown = JSON.parse(contents['package.json'] ?? '');
  expect(manifest).toEqual({ name, version, type: 'module', main: 'dist/functions.mjs' });
});

test('nothing of the local cloud, of the tests or of the machine that packs is in it', () => {
  const text = Object.values(contents).join('\n');
  expect(text).toMatch(/^\/\/ orchestrators\/deploy\.ts$/m);
  expect(text.match(/^\/\/ (?:local|tests)\/.*/gm)).toBeNull();
  for (const folder of [root, `${homedir()}/`, tmpdir()]) expect(text).not.toContain(folder);
});

test('every chunk that a file imports is there', () => {
  for (const [path, text] of Object.entries(contents).filter(([path]) => path.endsWith('.mjs')))
    for (const [, from = ''] of text.matchAll(/(?:\bfrom|^import|\bimport\()\s*"(\.[^"]+\.mjs)"/gm))
      expect(made.files, path).toContain(join(path, '..', from).replaceAll('\\', '/'));
});

test('the same sources give the same bytes, in another folder and another time zone', async () => {
  const before = process.env['TZ'];
  try {
    process.env['TZ'] = 'Pacific/Auckland';
    expect((await packageApp(freshFolder())).sha256).toBe(made.sha256);
  } finally {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  }
  expect(made.sha256).toBe(createHash('sha256').update(made.bytes).digest('hex'));
});

test('npm run package writes it with its SHA-256 beside it, and tells its size, its files and the time of its import', () => {
  const said = execFileSync(process.execPath, ['local/setup/package.ts'], { cwd: root, encoding: 'utf8' });
  expect(said).toMatch(
    /^dist\/app\.zip {3}\d\.\d\d MB \(goal ≤ 10 MB\), \d+ files\nSHA-256 .*\nimport {9}\d+ ms in a fresh process/,
  );
  const sha256 = createHash('sha256')
    .update(readFileSync(`${root}dist/app.zip`))
    .digest('hex');
  expect(sha256).toBe(made.sha256);
  expect(said).toContain(sha256);
  expect(readFileSync(`${root}dist/app.zip.sha256`, 'utf8')).toBe(`${sha256}  app.zip\n`);
}, 60_000);

test('it is far below 10 MB', () => {
  expect(made.bytes.length).toBeLessThan(4e6);
});

test('publishing by Core Tools lets through the same files', () => {
  const ignored = execFileSync(
    'git',
    ['-c', `core.excludesFile=${root}.funcignore`, 'check-ignore', '--no-index', '--stdin', '--verbose', '-n'],
    {
      encoding: 'utf8',
      cwd: freshRepository(),
      input: [...made.files, 'dist/app.zip', 'README.md', 'local/host/main.ts'].join('\n'),
    },
  );
  const through = ignored
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => /^[^:]*:\d*:(!?)[^\t]*\t(.*)$/.exec(line) ?? [])
    .flatMap(([, allowed, path]) => (allowed === '!' ? [path] : []));
  expect(through).toEqual(made.files);
});

/** One without ignore rules of its own. */
function freshRepository(): string {
  const folder = freshFolder();
  execFileSync('git', ['init', '--quiet', folder]);
  return folder;
}
