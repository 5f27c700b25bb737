import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cloudCaller, workspacesVersion } from '../../local/soak/cloudCaller.ts';
import type { HostProcess } from '../../local/soak/hostProcess.ts';
import { inventoryOf, oneOfEach } from '../../local/soak/inventory.ts';
import { findWorkspace } from '../../local/cloud/findWorkspace.ts';
import { randomFrom } from '../../local/kit/random.ts';
import { type QuickStack, startQuickStack } from '../../local/soak/quickStack.ts';
import type { StatusResource } from '../../domain/status.ts';
import { taggedResources } from '../support/taggedResources.ts';

/** Printed when a test fails; `KILL_SEED` plays the same moments again. */
const seed = Number(process.env['KILL_SEED'] ?? Date.now() % 1_000_000);

let stack: QuickStack;
beforeAll(async () => {
  stack = await startQuickStack(20);
});
afterAll(() => stack.close());

test(
  'F3: a host that is killed while it queries the results proves them after its restart',
  { timeout: 60_000 },
  async () => {
    const { cloud } = stack;
    const workspaceName = 'dbw-kill-proof';
    const first = await stack.startHost();
    const { id } = await started(first, workspaceName);
    const isThere = (): boolean =>
      cloud.databricks.workspaces().some(({ resourceId }) => resourceId.endsWith(workspaceName));
    await expect.poll(isThere, { timeout: 20_000 }).toBe(true);
    const query = findWorkspace(cloud, workspaceName).faults.add({
      method: 'POST',
      path: '/sql/1.0/warehouses/*#ExecuteStatement',
      latencyMs: 600_000,
    });
    await expect.poll(() => query.used, { timeout: 20_000 }).toBe(1);
    await first.kill();

    const second = await stack.startHost();
    try {
      expect(await finish(second, id)).toMatchObject({ state: 'Succeeded', attempt: 1 });
      expect(await inventoryOf(cloud, workspaceName)).toEqual(oneOfEach);
    } finally {
      await second.stop();
    }
  },
);

test(
  'F3: a host that is killed during a cancel and during a retry carries both out after its restart',
  { timeout: 90_000 },
  async () => {
    const random = randomFrom(seed + 1);
    const workspaceName = 'dbw-kill-cancel';
    const first = await stack.startHost();
    const { id } = await started(first, workspaceName);
    const runs = async (): Promise<number> => (await first.read(id))?.runs.length ?? 0;
    await expect.poll(runs, { timeout: 30_000 }).toBeGreaterThan(0);
    await first.ask(`/api/deployments/${id}/cancel`, 'POST');
    await killAfter(first, random() * 400);

    const second = await stack.startHost();
    expect(await finish(second, id)).toMatchObject({ state: 'Cancelled', failure: { code: 'CANCELLED' } });
    const left = await cloudCaller(stack.cloud).databricks(
      workspaceName,
      'GET',
      '/api/2.2/jobs/runs/list?active_only=true',
    );
    expect(left.body['runs'] ?? []).toEqual([]);
    await second.ask(`/api/deployments/${id}/retry`, 'POST');
    await killAfter(second, random() * 1500);

    const third = await stack.startHost();
    try {
      expect(await finish(third, id)).toMatchObject({ state: 'Succeeded', attempt: 2 });
      expect(await inventoryOf(stack.cloud, workspaceName)).toEqual({
        ...oneOfEach,
        runs: 2,
        childRuns: expect.toBeOneOf([1, 2]) as number,
      });
    } finally {
      await third.stop();
    }
  },
);

test(
  'F3: a host that is killed twice while it deletes leaves nothing behind, and all that is somebody\u2019s',
  { timeout: 180_000 },
  async () => {
    const random = randomFrom(seed + 2);
    const { cloud } = stack;
    const [own, used] = ['dbw-kill-own', 'dbw-kill-used'];
    const caller = cloudCaller(cloud);
    const asked = await caller.arm('PUT', `/providers/Microsoft.Databricks/workspaces/${used}`, workspacesVersion, {
      location: 'westeurope',
      sku: { name: 'premium' },
      tags: { owner: 'somebody' },
      properties: {
        managedResourceGroupId: `/subscriptions/${cloud.settings['AZURE_SUBSCRIPTION_ID'] ?? ''}/resourceGroups/managed-${used}`,
        computeMode: 'Hybrid',
      },
    });
    expect(asked.status).toBe(201);
    const first = await stack.startHost();
    const targets = [own, used];
    const ids = await Promise.all(targets.map(async (name) => (await started(first, name)).id));
    for (const id of ids) expect(await finish(first, id)).toMatchObject({ state: 'Succeeded' });
    const folderOfSomebody = { path: '/Shared/somebody' };
    await caller.databricks(used, 'POST', '/api/2.0/workspace/mkdirs', folderOfSomebody);

    for (const id of ids) await first.ask(`/api/deployments/${id}?data=true`, 'DELETE');
    await killAfter(first, random() * 600);
    await killAfter(await stack.startHost(), random() * 1200);
    const third = await stack.startHost();
    try {
      for (const [i, id] of ids.entries()) {
        expect(await finish(third, id)).toMatchObject({ seed, state: 'Deleted', attempt: 2 });
        expect(await taggedResources(cloud, id, targets[i] ?? '')).toEqual([]);
      }
      const kept = await caller.databricks(used, 'GET', '/api/2.0/workspace/get-status?path=/Shared/somebody');
      expect(kept.body).toMatchObject(folderOfSomebody);
    } finally {
      await third.stop();
    }
  },
);

async function started(host: HostProcess, workspaceName: string): Promise<StatusResource> {
  const status = await host.start(workspaceName);
  if (!status) throw new Error('the host was killed');
  return status;
}

async function killAfter(host: HostProcess, ms: number): Promise<void> {
  await pause(ms);
  await host.kill();
}

/** The deployment when it is over. */
async function finish(host: HostProcess, id: string): Promise<object> {
  for (;;) {
    const status = await host.read(id);
    if (!status) throw new Error('the last host was killed');
    if (status.runtimeStatus !== 'Running' && status.runtimeStatus !== 'Pending') return { seed, ...status };
    await pause(100);
  }
}
