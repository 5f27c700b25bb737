import type { OrchestrationContext, Task } from 'durable-functions';
import type { Failure } from '../domain/errors.ts';
import { acceleratorNameOf } from '../domain/ids.ts';
import type { StepStatus } from '../domain/status.ts';
import { type Deployment, report } from '../domain/steps.ts';
import type { ReportInput, StepReport } from '../domain/telemetry.ts';
import { isSince } from './isSince.ts';

/** What has come to its end. */
export interface Ended {
  operation: ReportInput['operation'];
  deployment: Pick<Deployment, 'id' | 'attempt' | 'request' | 'accelerator'>;
  startedMs: number;
  /** Its steps as they are shown at the end. */
  steps: readonly StepStatus[];
  /** Undefined when it has succeeded. */
  failure?: Failure;
}

/**
 * Tells telemetry how it ended: called once, as the last thing that an orchestration of version 1.2 or later does. It throws
 * nothing and changes nothing.
 */
export function* reportEnd(ctx: OrchestrationContext, ended: Ended): Generator<Task, void, unknown> {
  if (!isSince(ctx, '1.2')) return;
  const { operation, deployment, startedMs, steps, failure } = ended;
  const told: ReportInput = {
    deployment: deployment.id,
    attempt: deployment.attempt,
    accelerator: acceleratorNameOf(deployment),
    operation,
    outcome: outcomeOf(failure),
    ...(failure && { code: failure.code }),
    startedAt: new Date(startedMs).toISOString(),
    endedAt: ctx.df.currentUtcDateTime.toISOString(),
    steps: steps.map((step) => stepReport(step, failure)),
  };
  try {
    yield ctx.df.callActivity(report.name, told);
  } catch {
    // Its worker died: what happened to the deployment stays as it is.
  }
}

function outcomeOf(failure: Failure | undefined): ReportInput['outcome'] {
  if (!failure) return 'succeeded';
  return failure.code === 'CANCELLED' ? 'cancelled' : 'failed';
}

function stepReport(
  { name, state, tries, waitedSeconds, startedAt, endedAt, problem }: StepStatus,
  failure: Failure | undefined,
): StepReport {
  const code = state === 'failed' || state === 'cancelled' ? failure?.code : problem?.code;
  return {
    name,
    state,
    tries,
    waitedSeconds,
    ...(startedAt && { startedAt }),
    ...(endedAt && { endedAt }),
    ...(code && { code }),
  };
}
