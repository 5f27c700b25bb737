import { mkdtempSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { packageApp, unpack } from '../../local/setup/package.ts';
import { startWorld, type World } from '../support/world.ts';

const newFolder = (): string => mkdtempSync(join(tmpdir(), 'unpacked-'));
const appFolder = newFolder();

let world: World;
beforeAll(async () => {
  unpack((await packageApp(newFolder())).bytes, appFolder);
  world = await startWorld({ appFolder, script: quickScript, latencies: quickLatencies });
});
afterAll(() => world.close());

test('the app runs from its package alone, out of reach of any installed module, and deploys to verified results', async () => {
  const fromBundle = createRequire(join(appFolder, 'dist/functions.mjs'));
  for (const name of ['durable-functions', 'valibot', '@azure/identity', '@databricks/sql'])
    expect(() => fromBundle.resolve(name)).toThrow('Cannot find module');

  const ended = await world.deploy({ workspaceName: 'dbw-package' });
  expect(ended.failure).toBeUndefined();
  expect(ended.runtimeStatus).toBe('Completed');
  expect(ended.verified?.tables.map(({ role }) => role)).toEqual(['features', 'labels', 'evaluation']);
}, 60_000);

test('it serves every entry of the app', () => {
  expect(world.host.routes.map(({ name }) => name).sort()).toEqual([
    'cancelDeployment',
    'deleteDeployment',
    'health',
    'listDeployments',
    'readDeployment',
    'readStatusLink',
    'retryDeployment',
    'startDeployment',
  ]);
});
