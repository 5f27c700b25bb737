import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(root + path, 'utf8');

interface Manifest {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
  overrides: Record<string, string>;
}
interface Locked {
  version?: string;
  integrity?: string;
  resolved?: string;
  link?: boolean;
}

const manifest = JSON.parse(read('package.json')) as Manifest;
const exact = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/;

describe('what is installed', () => {
  test('every Node module has its exact version and its hash, and none runs a script when it is installed', () => {
    const { dependencies, devDependencies, optionalDependencies, overrides } = manifest;
    const asked = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies, ...overrides });
    expect(asked.filter(([, version]) => !exact.test(version))).toEqual([]);

    const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> };
    const locked = Object.entries(packages).filter(([path]) => path !== '');
    expect(locked.length).toBeGreaterThan(100);
    const unguarded = locked.filter(
      ([, { version = '', integrity = '', link }]) =>
        link || !exact.test(version) || !/^sha512-.{86}==$/.test(integrity),
    );
    expect(unguarded.map(([path]) => path)).toEqual([]);

    expect(read('.npmrc')).toMatch(/^ignore-scripts=true$/m);
    expect(read('local/setup/run.mjs')).toContain("'npm', ['ci', '--ignore-scripts'");
  });

  test('every Python package has its exact version and its hashes, and is installed by them', () => {
    for (const file of ['notebooks/requirements.lock', 'local/setup/java.lock']) {
      const entries = read(file)
        .replaceAll(/^#.*\n/gm, '')
        .split(/\n(?! )/)
        .filter((entry) => entry !== '');
      const guarded = /^[\w.-]+==[\w.+!]+ \\\n(?: {4}--hash=sha256:[0-9a-f]{64}(?: \\\n|$))+$/;
      expect(entries.filter((entry) => !guarded.test(entry))).toEqual([]);
      expect(entries.length).toBeGreaterThan(0);
    }
    expect(read('local/setup/python.ts')).toContain("'--require-hashes'");
  });

  test('every library of the app has its reason in a decision', () => {
    const decision = read('docs/decisions/0002-libraries.md');
    expect(Object.keys(manifest.dependencies).filter((name) => !decision.includes(`\`${name}\``))).toEqual([]);
  });
});
