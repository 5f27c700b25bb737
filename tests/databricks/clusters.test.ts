import { describe, expect, it } from 'vitest';
import type { Compute, StartedCluster } from '../../local/databricks/compute.ts';
import { sparkCompute } from '../../local/databricks/spark/sparkCompute.ts';
import {
  type Json,
  type TestWorkspace,
  createJob,
  startRun,
  startTestWorkspace,
  taskFor,
} from './support/startTestWorkspace.ts';

/** A driver that a test makes ready, or lets fail. */
interface Driver {
  clusterId: string;
  ready: PromiseWithResolvers<void>;
  ended: PromiseWithResolvers<void>;
  stopped: boolean;
  /** Of the notebooks started on it. */
  tokens: string[];
  /** Its end takes as long as this. */
  closing?: PromiseWithResolvers<void>;
}

/** Compute whose drivers do as the test says and whose notebooks never end. */
function scriptedDrivers(): Compute & { drivers: Driver[] } {
  const drivers: Driver[] = [];
  return {
    drivers,
    startCluster({ clusterId }): StartedCluster {
      const driver: Driver = {
        clusterId,
        ready: Promise.withResolvers(),
        ended: Promise.withResolvers(),
        stopped: false,
        tokens: [],
      };
      drivers.push(driver);
      return {
        ready: driver.ready.promise,
        ended: driver.ended.promise,
        start({ token }) {
          driver.tokens.push(token);
          return { outcome: new Promise(() => undefined), cancel: () => undefined };
        },
        stop() {
          driver.stopped = true;
          return driver.closing?.promise ?? Promise.resolve();
        },
      };
    },
    startWarehouse() {
      throw new Error('no warehouses here');
    },
  };
}

const stateOf = async (workspace: TestWorkspace, runId: Json): Promise<string> => {
  const { body } = await workspace.call('GET', `/api/2.2/jobs/runs/get?run_id=${runId}`);
  return body.tasks[0].state.life_cycle_state;
};

async function startPending(): Promise<{ workspace: TestWorkspace; runId: Json; drivers: Driver[] }> {
  const compute = scriptedDrivers();
  const workspace = await startTestWorkspace({ compute });
  const runId = await startRun(workspace, await createJob(workspace, [taskFor('a')]));
  return { workspace, runId, drivers: compute.drivers };
}

describe('a job cluster', () => {
  it('is RUNNING when its time has passed and its driver is ready, whichever comes last', async () => {
    const { workspace, runId, drivers } = await startPending();
    workspace.clock.advance(59_000);
    drivers[0]?.ready.resolve();
    expect(await stateOf(workspace, runId)).toBe('PENDING');
    workspace.clock.advance(1000);
    await expect.poll(() => stateOf(workspace, runId)).toBe('RUNNING');

    const later = await startRun(workspace, await createJob(workspace, [taskFor('b')]));
    workspace.clock.advance(600_000);
    expect(await stateOf(workspace, later)).toBe('PENDING');
    drivers[1]?.ready.resolve();
    await expect.poll(() => stateOf(workspace, later)).toBe('RUNNING');
  });

  it('whose driver does not start ends its tasks with the reason', async () => {
    const { workspace, runId, drivers } = await startPending();
    drivers[0]?.ready.reject(new Error('The driver ended before it was ready: exit code 1'));
    const run = await workspace.finish(runId);
    expect(run.state).toMatchObject({ life_cycle_state: 'INTERNAL_ERROR', result_state: 'FAILED' });
    expect(run.tasks[0].state.state_message).toContain('DRIVER_UNREACHABLE(SERVICE_FAULT): The driver ended before');
    const id = run.tasks[0].cluster_instance.cluster_id;
    const cluster = await workspace.call('GET', `/api/2.1/clusters/get?cluster_id=${id}`);
    expect(cluster.body.termination_reason).toMatchObject({ code: 'DRIVER_UNREACHABLE', type: 'SERVICE_FAULT' });
  });

  it('whose driver dies before its time has passed does not come up', async () => {
    const { workspace, runId, drivers } = await startPending();
    drivers[0]?.ready.resolve();
    drivers[0]?.ended.resolve();
    await expect.poll(() => drivers[0]?.stopped).toBe(true);
    const run = await workspace.finish(runId);
    expect(run.tasks[0].state.state_message).toContain('DRIVER_UNREACHABLE(SERVICE_FAULT): The driver has ended.');
  });

  it('is not started any more while the emulator closes, but after its next start', async () => {
    const { workspace, drivers } = await startPending();
    const job = await createJob(workspace, [taskFor('b')]);
    const [first] = drivers;
    if (first) first.closing = Promise.withResolvers();
    const again = scriptedDrivers();
    const restarted = workspace.restart({ compute: again });
    const late = await startRun(workspace, job);
    expect(drivers).toHaveLength(1);
    first?.closing?.resolve();
    await restarted;
    expect(again.drivers).toHaveLength(2);
    expect(await stateOf(workspace, late)).toBe('PENDING');
  });

  it('is stopped when its run is cancelled, also while it starts', async () => {
    const { workspace, runId, drivers } = await startPending();
    await workspace.call('POST', '/api/2.2/jobs/runs/cancel', { run_id: runId });
    expect(drivers).toMatchObject([{ stopped: true }]);
    expect((await workspace.finish(runId)).state.result_state).toBe('CANCELED');
  });

  it('starts its driver anew after a restart of the emulator, and only if its run goes on', async () => {
    const { workspace, runId, drivers } = await startPending();
    const doomed = await startRun(workspace, await createJob(workspace, [taskFor('b')]));
    drivers[1]?.ready.resolve();
    await workspace.until(doomed, (run) => run.tasks[0].state.life_cycle_state === 'RUNNING');
    const again = scriptedDrivers();
    await workspace.restart({ compute: again });
    expect(drivers).toMatchObject([{ stopped: true }, { stopped: true }]);
    expect(again.drivers.map(({ clusterId }) => clusterId)).toEqual([drivers[0]?.clusterId]);
    again.drivers[0]?.ready.resolve();
    await expect.poll(() => stateOf(workspace, runId)).toBe('RUNNING');
    expect((await workspace.finish(doomed)).status.termination_details.code).toBe('DRIVER_ERROR');
  });

  it('takes the tokens of its notebooks with it when the emulator ends', async () => {
    const { workspace, runId, drivers } = await startPending();
    drivers[0]?.ready.resolve();
    await workspace.until(runId, (run) => run.tasks[0].state.life_cycle_state === 'RUNNING');
    const me = async (): Promise<number> => {
      const headers = { authorization: `Bearer ${drivers[0]?.tokens[0]}` };
      return (await workspace.call('GET', '/api/2.0/preview/scim/v2/Me', undefined, headers)).status;
    };
    expect(await me()).toBe(200);
    await workspace.restart();
    expect(await me()).toBe(401);
  });

  it('cannot start where there is no Java', async () => {
    const nothing = { python: 'python3', compiled: '/nonexistent', java: '/nonexistent/java', classPath: '' };
    const workspace = await startTestWorkspace({ compute: sparkCompute(nothing) });
    const runId = await startRun(workspace, await createJob(workspace, [taskFor('a')]));
    const run = await workspace.finish(runId);
    expect(run.tasks[0].state.state_message).toContain('ENOENT');
  });
});
