import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { Bicep, findBicep, templates } from '../../local/setup/bicep.ts';
import { bicepTest, sameBicepTest } from '../support/bicepCompiler.ts';
import { bicepFiles, snapshotNames } from '../support/infra.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(root + path, 'utf8');

/** Without the compiler's name and the hash that follows from the rest. */
const comparable = (text: string): unknown =>
  JSON.parse(text, (key, value: unknown) => (key === '_generator' ? undefined : value));

describe('the templates', () => {
  for (const name of templates) {
    bicepTest(`are compiled without a word of the linter: ${name}`, async (bicep) => {
      await expect(bicep.compile(`${root}infra/${name}.bicep`)).resolves.toContain('"resources"');
    });

    sameBicepTest(`are compiled: ${name}.json is what ${name}.bicep becomes (npm run infra)`, async (bicep) => {
      const made = await bicep.compile(`${root}infra/${name}.bicep`);
      expect(comparable(read(`infra/${name}.json`))).toEqual(comparable(made));
    });
  }

  sameBicepTest('are formatted (npm run infra)', async (bicep) => {
    const unlike: string[] = [];
    for (const { path, text } of bicepFiles()) if ((await bicep.format(root + path)) !== text) unlike.push(path);
    expect(unlike).toEqual([]);
  });

  for (const name of snapshotNames) {
    sameBicepTest(`make what stands in snapshots/${name}.snapshot.json (npm run infra)`, async (bicep) => {
      const made = await bicep.snapshot(`${root}infra/snapshots/${name}.bicepparam`);
      expect(JSON.parse(read(`infra/snapshots/${name}.snapshot.json`))).toEqual(JSON.parse(made));
    });
  }

  test('take nothing from a registry, which would need a network and may change', () => {
    expect(bicepFiles().filter(({ text }) => /'(?:br|ts)[:/]/.test(text))).toEqual([]);
  });
});

describe('the linter', () => {
  const config = JSON.parse(read('infra/bicepconfig.json')) as {
    analyzers: { core: { enabled: boolean; rules: Record<string, { level: string }> } };
    experimentalFeaturesEnabled: Record<string, boolean>;
  };

  test('has every rule, each as an error, and no experiment', () => {
    const { enabled, rules } = config.analyzers.core;
    expect(enabled).toBe(true);
    // As many as Bicep 0.49.2 has.
    expect(Object.keys(rules)).toHaveLength(55);
    expect(Object.entries(rules).filter(([, { level }]) => level !== 'error')).toEqual([]);
    expect(config.experimentalFeaturesEnabled).toEqual({});
  });

  test('is told to look away in two cases alone', () => {
    const silenced = bicepFiles().flatMap(({ text }) =>
      [...text.matchAll(/#disable-(?:next-line|diagnostics)\s+(\S+)/g)].map(([, code]) => code),
    );
    expect(new Set(silenced)).toEqual(new Set(['what-if-short-circuiting', 'BCP187']));
  });
});

describe('the compiler', () => {
  const program = process.platform === 'win32' ? 'bicep.exe' : 'bicep';

  test('is what BICEP names, and no other', () => {
    expect(findBicep({ BICEP: process.execPath, PATH: '' })).toBe(process.execPath);
    expect(findBicep({ BICEP: join(root, 'nowhere', program), PATH: root })).toBeUndefined();
  });

  bicepTest('is said to have failed, with its words', async (bicep) => {
    await expect(bicep.compile(`${root}infra/modules/none.bicep`)).rejects.toThrow('none.bicep');
    await expect(bicep.compile(`${root}tests/fixtures/faulty.bicep`)).rejects.toThrow(
      /faulty\.bicep\(2,7\) : Warning no-unused-params: /,
    );
  });

  test('is said to be gone when it ends without an answer', async () => {
    await expect(new Bicep(process.execPath).version()).rejects.toThrow('has ended');
    await expect(new Bicep(join(root, 'nowhere')).version()).rejects.toThrow('ENOENT');
  });
});
