import { storageInstanceId, watchInstanceId } from '../../domain/ids.ts';
import { nextPollSeconds, type PollingPlan, type WaitPhase } from '../../domain/polling.ts';
import { type Followed, follow } from './pollingBound.ts';
import type { Waits } from './waits.ts';

/** What a deployment polls by when nobody has set anything else. */
export const usualPlan: PollingPlan = {
  floorSeconds: 5,
  ceilingSeconds: 75,
  expectedSeconds: { workspace: 180, storage: 40, runme: 360, notebooks: 3600, warehouse: 240 },
};

/** Which orchestration looks, by which the looks of deployments are kept apart. */
const looker: Record<WaitPhase, (id: string) => string> = {
  workspace: (id) => id,
  storage: (id) => storageInstanceId(id, 1),
  runme: (id) => watchInstanceId(id, 1),
  notebooks: (id) => watchInstanceId(id, 1),
  warehouse: (id) => id,
};

/** A creation has just been asked for; the other waits may be over when they begin. */
export const looksAtOnce = (phase: WaitPhase): boolean => phase !== 'workspace';

/** How the app follows a wait of the deployment with this id. */
export const followAsWeDo = (phase: WaitPhase, waitSeconds: number, id: string): Followed =>
  follow(
    waitSeconds,
    (elapsed) => timerAt(elapsed + nextPollSeconds(usualPlan, phase, elapsed, looker[phase](id))) - elapsed,
    {
      atOnce: looksAtOnce(phase),
    },
  );

/** Durable timers are set by the millisecond. */
const timerAt = (seconds: number): number => Math.floor(seconds * 1000) / 1000;

/** The emulator, like Databricks, shows a run as over when its cluster is gone. */
const shutdownSeconds = 1;

/** What the app's looks make of the waits of one deployment. */
export interface OurDeployment {
  looks: Record<WaitPhase, number>;
  /** When the end of the notebooks was seen, and the end of the whole; seconds from the start. */
  notebooksSeen: number;
  wall: number;
}

/** Goes through the waits as the app does, with steps that take no time. */
export function ourDeployment(waits: Waits, id: string): OurDeployment {
  const workspace = followAsWeDo('workspace', waits.workspace, id);
  const storage = followAsWeDo('storage', waits.workspace + waits.storage - workspace.seenAfter, id);
  const submitted = workspace.seenAfter + storage.seenAfter;
  const runme = followAsWeDo('runme', waits.runme + shutdownSeconds, id);
  const childSeen = submitted + runme.seenAfter;
  const childOver = submitted + waits.runme + waits.notebooks;
  const notebooks = followAsWeDo('notebooks', childOver - childSeen, id);
  const notebooksSeen = childSeen + notebooks.seenAfter;
  const warehouse = followAsWeDo('warehouse', waits.warehouse, id);
  const looks = Object.fromEntries(
    Object.entries({ workspace, storage, runme, notebooks, warehouse }).map(([phase, { looks }]) => [phase, looks]),
  ) as OurDeployment['looks'];
  return { looks, notebooksSeen, wall: notebooksSeen + warehouse.seenAfter };
}
