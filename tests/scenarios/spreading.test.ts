import { afterAll, describe, expect, test } from 'vitest';
import type { FaultRule } from '../../local/faults/faults.ts';
import { secondsOf } from '../support/expectFailure.ts';
import { inventoryOf, oneOfEach } from '../../local/soak/inventory.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { setFault, startWorld } from '../support/world.ts';

/** Refusals of workspaces from the moment that they are made, by the workspaces' names. */
const refusals = new Map<string, FaultRule>();
const world = await startWorld({
  script: quickScript,
  latencies: { ...quickLatencies, replicationSeconds: 0 },
  onWorkspace: (name, server) => {
    const refusal = refusals.get(name);
    if (refusal) void setFault(server, refusal);
  },
});
afterAll(() => world.close());

/** How long what is new takes to be known everywhere. */
const times = [30, 300, 510];
const lookSeconds = 66;

const unknownPrincipal = {
  status: 400,
  body: { error: { code: 'PrincipalNotFound', message: 'Principal 1 does not exist in the directory.' } },
};
const deniedByAzure = {
  status: 403,
  body: { error: { code: 'AuthorizationFailed', message: 'The client may not do this.' } },
};
const deniedByDatabricks = { status: 403, body: { error_code: 'PERMISSION_DENIED', message: 'No.' } };

describe('F9: a deployment succeeds when', () => {
  test.each(
    times.flatMap((seconds) => [
      ['the principal is unknown', seconds, unknownPrincipal] as const,
      ['the role may not be given', seconds, deniedByAzure] as const,
    ]),
  )('%s for %i seconds', async (what, seconds, refusal) => {
    const workspaceName = `dbw-${what.length}-${seconds}`;
    const path = `*/workspaces/${workspaceName}/*/roleAssignments/*`;
    await setFault(world.cloud.azure.arm, { method: 'PUT', path, seconds, ...refusal });
    const ended = await world.deploy({ workspaceName });
    expect(ended.failure).toBeUndefined();
    expect(secondsOf(ended, 'role')).toBeGreaterThanOrEqual(seconds);
    expect(secondsOf(ended, 'role')).toBeLessThanOrEqual(seconds + 33);
    expect(await inventoryOf(world.cloud, workspaceName)).toEqual(oneOfEach);
  });

  test.each(times)('the workspace refuses its first callers for %i seconds', async (seconds) => {
    const workspaceName = `dbw-refused-${seconds}`;
    refusals.set(workspaceName, { method: '*', path: '/api/*', seconds, ...deniedByDatabricks });
    const ended = await world.deploy({ workspaceName });
    expect(ended.failure).toBeUndefined();
    expect(secondsOf(ended, 'storage')).toBeGreaterThanOrEqual(seconds);
    expect(secondsOf(ended, 'storage')).toBeLessThanOrEqual(seconds + lookSeconds);
    expect(await inventoryOf(world.cloud, workspaceName)).toEqual(oneOfEach);
  });
});
