import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test, vi } from 'vitest';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const sources = read('functions/settings.ts') + read('domain/endpoints.ts');
const settings = [...sources.matchAll(/^ {2}([A-Z][A-Z_]+): ?(v\.optional)?/gm)].map(([, name = '', optional]) => ({
  name,
  optional: optional !== undefined,
}));
const page = read('docs/configuration.md');
const { Values: sample } = JSON.parse(read('local.settings.sample.json')) as { Values: Record<string, string> };

/** What the host reads, not the app. */
const ofTheHost =
  /^(?:FUNCTIONS_WORKER_RUNTIME|AzureWebJobsStorage|AzureFunctionsJobHost__.*|TASKHUB_NAME|DURABLE_TASK_.*)$/;

test('the configuration page explains every setting that the app reads', () => {
  expect(settings.length).toBeGreaterThan(20);
  expect(settings.filter(({ name }) => !page.includes(`| \`${name}\` |`))).toEqual([]);
});

describe('local.settings.sample.json', () => {
  beforeEach(() => {
    vi.resetModules();
    vi.unstubAllEnvs();
    for (const { name } of settings) vi.stubEnv(name, undefined);
  });

  test('has every setting that the app reads, and else only what the host reads and the page explains', () => {
    expect(settings.filter(({ name }) => !(name in sample))).toEqual([]);
    const others = Object.keys(sample).filter((name) => !settings.some((setting) => setting.name === name));
    expect(others.filter((name) => !ofTheHost.test(name))).toEqual([]);
    for (const name of others)
      expect(page).toContain(name.startsWith('AzureFunctionsJobHost__') ? 'AzureFunctionsJobHost__' : name);
  });

  test('changes nothing that has a default', async () => {
    const used = async (names: string[]): Promise<unknown> => {
      vi.resetModules();
      for (const name of names) vi.stubEnv(name, sample[name]);
      return (await import('../../functions/settings.ts')).deployerSettings();
    };
    const needed = settings.filter(({ optional }) => !optional).map(({ name }) => name);
    expect(await used(needed)).toEqual(await used(settings.map(({ name }) => name)));
  });

  test('overrides what host.json has, in its own words', () => {
    const { extensions } = JSON.parse(read('host.json')) as { extensions: Record<string, unknown> };
    for (const name of Object.keys(sample).filter((name) => name.startsWith('AzureFunctionsJobHost__'))) {
      const path = name.replace('AzureFunctionsJobHost__extensions__', '').split('__');
      const found = path.reduce<unknown>((of, part) => (of as Record<string, unknown> | undefined)?.[part], extensions);
      expect([name, typeof found]).toEqual([name, 'string']);
    }
  });
});
