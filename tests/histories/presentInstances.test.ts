import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { askedFor, recorded } from '../support/askedFor.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { startWorld } from '../support/world.ts';

const world = await startWorld({ script: quickScript, latencies: quickLatencies });
afterAll(() => world.close());

// When this fails, deployments in flight would break: raise the version (docs/decisions/0006-orchestration-versions.md), branch
// on it, and record what the new one asks for beside the others.
test('an instance of the present version asks for what was recorded of that version', async () => {
  const host = JSON.parse(readFileSync(new URL('../../host.json', import.meta.url), 'utf8')) as {
    extensions: { durableTask: { defaultVersion: string } };
  };
  const { id, runtimeStatus } = await world.deploy({ workspaceName: 'dbw-history' });
  expect(runtimeStatus).toBe('Completed');
  expect(askedFor(world, id)).toEqual(recorded(host.extensions.durableTask.defaultVersion));
});
