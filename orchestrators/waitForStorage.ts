import type { OrchestrationHandler, Task } from 'durable-functions';
import { TerminalError, toFailure } from '../domain/errors.ts';
import { deploymentTimeout, usualLimits } from '../domain/limits.ts';
import type { Outcome } from '../domain/outcome.ts';
import { nextPollSeconds, type PollingPlan } from '../domain/polling.ts';
import type { StorageStatus } from '../domain/status.ts';
import { probeStorage, type Workspace } from '../domain/steps.ts';
import { Flow } from './flow.ts';
import { runStep, sleep } from './runStep.ts';

export interface WaitForStorageInput {
  workspace: Workspace;
  polling: PollingPlan;
  limitSeconds?: number;
  /** When the whole deployment has to be over, milliseconds since 1970. */
  endsAtMs?: number;
}

/** Probes a new workspace until its storage answers; returns the seconds spent waiting, or the failure. */
export const waitForStorage: OrchestrationHandler = function* (
  ctx,
): Generator<Task, Outcome<{ waitedSeconds: number }>, unknown> {
  const {
    workspace,
    polling,
    limitSeconds = usualLimits.storageSeconds,
    endsAtMs,
  } = ctx.df.getInput<WaitForStorageInput>();
  let waitedSeconds = 0;
  let reason: string | undefined;
  const timeout = (): TerminalError =>
    new TerminalError(
      'STORAGE_TIMEOUT',
      `The storage of ${workspace.host} did not answer within ${limitSeconds / 60} minutes.`,
      { cause: reason },
    );
  const observer = { trying() {}, retrying() {}, waited: (seconds: number) => void (waitedSeconds += seconds) };
  const whole = Flow.of(ctx, 'stop');
  const startedMs = whole.nowMs;
  const flow = (endsAtMs ? whole.within(endsAtMs, deploymentTimeout) : whole).within(
    startedMs + limitSeconds * 1000,
    timeout,
  );
  try {
    for (;;) {
      const probe = yield* runStep(flow, probeStorage, { workspace }, observer);
      if (probe.ready) return { value: { waitedSeconds } };
      reason = probe.reason;
      const status: StorageStatus = { reason: reason ?? '', waitedSeconds };
      ctx.df.setCustomStatus(status);
      const elapsedSeconds = (flow.nowMs - startedMs) / 1000;
      const pause = nextPollSeconds(polling, 'storage', elapsedSeconds, ctx.df.instanceId);
      yield* sleep(flow, Math.max(pause, probe.retryAfterSeconds ?? 0), observer);
    }
  } catch (error) {
    return { failure: toFailure(error) };
  }
};
