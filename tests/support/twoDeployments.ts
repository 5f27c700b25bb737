import type { StatusResource } from '../../domain/status.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { startWorld, type World } from './world.ts';

/** A world with two deployments that have just begun: one to send requests about, and another one. */
export interface TwoDeployments {
  world: World;
  started: StatusResource;
  other: StatusResource;
}

/** Starts the world and both deployments; its host is at rest then. */
export async function startTwoDeployments(): Promise<TwoDeployments> {
  const world = await startWorld({ script: quickScript, latencies: quickLatencies });
  const started = await world.start({ workspaceName: 'dbw-link' });
  const other = await world.start({ workspaceName: 'dbw-other' });
  await world.host.idle();
  return { world, started, other };
}
