import type { OrchestrationHandler, Task } from 'durable-functions';
import { TerminalError, toFailure } from '../domain/errors.ts';
import type { Outcome } from '../domain/outcome.ts';
import { nextPollSeconds, type PollingPlan } from '../domain/polling.ts';
import type { StorageStatus } from '../domain/status.ts';
import { limits, probeStorage, type Workspace } from '../domain/steps.ts';
import { nowMs, runStep, sleep } from './runStep.ts';

export interface WaitForStorageInput {
  workspace: Workspace;
  polling: PollingPlan;
}

/** Probes a new workspace until its storage answers; returns the seconds spent waiting, or the failure. */
export const waitForStorage: OrchestrationHandler = function* (
  ctx,
): Generator<Task, Outcome<{ waitedSeconds: number }>, unknown> {
  const { workspace, polling } = ctx.df.getInput<WaitForStorageInput>();
  const startedMs = nowMs(ctx);
  let waitedSeconds = 0;
  const observer = { trying() {}, retrying() {}, waited: (seconds: number) => void (waitedSeconds += seconds) };
  try {
    for (;;) {
      const probe = yield* runStep(ctx, probeStorage, { workspace }, observer);
      if (probe.ready) return { value: { waitedSeconds } };
      const status: StorageStatus = { reason: probe.reason ?? '', waitedSeconds };
      ctx.df.setCustomStatus(status);
      const elapsedSeconds = (nowMs(ctx) - startedMs) / 1000;
      if (elapsedSeconds >= limits.storageSeconds) {
        const minutes = limits.storageSeconds / 60;
        throw new TerminalError(
          'STORAGE_TIMEOUT',
          `The storage of ${workspace.host} did not answer within ${minutes} minutes.`,
          { cause: probe.reason },
        );
      }
      const pause = nextPollSeconds(polling, 'storage', elapsedSeconds, ctx.df.instanceId);
      yield* sleep(ctx, Math.max(pause, probe.retryAfterSeconds ?? 0), observer);
    }
  } catch (error) {
    return { failure: toFailure(error) };
  }
};
