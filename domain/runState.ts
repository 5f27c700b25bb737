import * as v from 'valibot';
import { type PlatformFailure, platformFailureOf } from './platformFailure.ts';
import type { RunState } from './steps.ts';

const text = v.optional(v.string());

/** The fields in which a run or a task tells its state and times (milliseconds since 1970). */
export const stateFields = {
  start_time: v.optional(v.number()),
  end_time: v.optional(v.number()),
  status: v.optional(
    v.object({
      state: text,
      termination_details: v.optional(v.object({ code: text, type: text, message: text })),
    }),
  ),
  state: v.optional(v.object({ life_cycle_state: text, result_state: text, state_message: text })),
};

const fields = v.object(stateFields);

/** The names that Databricks has for a state so far, in both ways. */
export const knownRunStates: ReadonlySet<string> = new Set([
  'BLOCKED',
  'INTERNAL_ERROR',
  'PENDING',
  'QUEUED',
  'RUNNING',
  'SKIPPED',
  'TERMINATED',
  'TERMINATING',
  'WAITING',
  'WAITING_FOR_RETRY',
]);

/** Termination codes and results of what was not run at all. */
const neverRun = new Set([
  'SKIPPED',
  'DISABLED',
  'EXCLUDED',
  'UPSTREAM_FAILED',
  'UPSTREAM_CANCELED',
  'MAX_CONCURRENT_RUNS_EXCEEDED',
  'MAXIMUM_CONCURRENT_RUNS_REACHED',
]);

/**
 * What the two ways in which Databricks tells a state mean: `status`, and the deprecated `state` where that is missing.
 * `platform`: the failure is not the notebook's own.
 */
export function runStateOf({ status, state }: v.InferOutput<typeof fields>): {
  state: RunState;
  message?: string;
  platform?: PlatformFailure;
} {
  const details = status?.termination_details;
  const message = details?.message || state?.state_message;
  const seen = status?.state
    ? fromStatus(status.state, details?.code ?? '', state?.result_state)
    : fromLegacy(state?.life_cycle_state ?? '', state?.result_state ?? '');
  const platform = seen === 'failed' ? platformFailureOf({ ...details, message }) : undefined;
  return { state: seen, ...(message && { message }), ...(platform && { platform }) };
}

/** The name that Databricks gives the state; empty when it gives none. */
export const stateNameOf = ({ status, state }: v.InferOutput<typeof fields>): string =>
  status?.state ?? state?.life_cycle_state ?? '';

function fromStatus(state: string, code: string, result = ''): RunState {
  if (state === 'RUNNING' || state === 'TERMINATING') return 'running';
  if (state !== 'TERMINATED') return 'waiting';
  if (code === 'SUCCESS' || code === 'SUCCESS_WITH_FAILURES') return 'succeeded';
  if (code === 'USER_CANCELED') return 'canceled';
  // CANCELED without a person is how Databricks ends what passes its time limit.
  if (code === 'CANCELED') return result === 'CANCELED' ? 'canceled' : 'timedOut';
  if (neverRun.has(code)) return 'skipped';
  return fromResult(result) ?? 'failed';
}

function fromLegacy(lifeCycle: string, result: string): RunState {
  if (lifeCycle === 'SKIPPED') return 'skipped';
  if (lifeCycle === 'TERMINATED' || lifeCycle === 'INTERNAL_ERROR') return fromResult(result) ?? 'failed';
  return lifeCycle === 'RUNNING' || lifeCycle === 'TERMINATING' ? 'running' : 'waiting';
}

function fromResult(result: string): RunState | undefined {
  if (result === 'SUCCESS' || result === 'SUCCESS_WITH_FAILURES') return 'succeeded';
  if (result === 'CANCELED') return 'canceled';
  if (result === 'TIMEDOUT') return 'timedOut';
  return neverRun.has(result) ? 'skipped' : undefined;
}
