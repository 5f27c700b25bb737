import { follow } from './pollingBound.ts';
import type { Waits } from './waits.ts';

/** What the waits do not say of the original; the rest stands in its script. */
export interface OriginalAssumptions {
  /** What a deployment script's container takes around the script, evenly spread. */
  containerSeconds: [least: number, most: number];
}

/** The download of the Databricks CLI, evenly spread. */
const downloadSeconds: [number, number] = [5, 20];
/** The generated Az cmdlets look at a long-running operation so often where Azure asks for nothing. */
const cmdletSeconds = 30;
/** The script sleeps before its first look at the workspace, which the cmdlet has already waited for. */
const forcedSleepSeconds = 15;
const storageSeconds = 10;
const storageLooksMost = 30;

/** How the original came through the waits of one deployment. */
export interface OriginalDeployment {
  /** When the notebooks were over, which nobody there looks at; seconds from the start. */
  notebooksOver: number;
  /** Whether it gave up because the storage did not come in its five minutes. */
  gaveUp: boolean;
}

/**
 * Goes through the waits as the original's Bicep template does: one deployment script makes the workspace and polls for it,
 * then another one fetches a client, polls for the storage and submits RUNME; nothing overlaps.
 */
export function originalDeployment(
  waits: Waits,
  { containerSeconds }: OriginalAssumptions,
  random: () => number,
): OriginalDeployment {
  const between = ([least, most]: [number, number]): number => least + (most - least) * random();
  const asked = between(containerSeconds);
  const workspaceSeen = asked + follow(waits.workspace, () => cmdletSeconds, { atOnce: false }).seenAfter;
  const secondScript = workspaceSeen + forcedSleepSeconds + between(containerSeconds) + between(downloadSeconds);
  const storageReady = asked + waits.workspace + waits.storage;
  const storage = follow(storageReady - secondScript, () => storageSeconds, { atOnce: true });
  return {
    notebooksOver: secondScript + storage.seenAfter + waits.runme + waits.notebooks,
    gaveUp: storage.looks > storageLooksMost,
  };
}
