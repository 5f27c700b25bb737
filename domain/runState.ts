import * as v from 'valibot';
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

/** What the two ways in which Databricks tells a state mean: `status`, and the deprecated `state` where that is missing. */
export function runStateOf({ status, state }: v.InferOutput<typeof fields>): {
  state: RunState;
  message?: string;
  byPlatform: boolean;
} {
  const details = status?.termination_details;
  const message = details?.message ?? state?.state_message;
  const said = {
    ...(message && { message }),
    byPlatform: details?.type === 'CLOUD_FAILURE' || details?.type === 'INTERNAL_ERROR',
  };
  if (status?.state) return { state: fromStatus(status.state, details?.code ?? '', state?.result_state), ...said };
  return { state: fromLegacy(state?.life_cycle_state ?? '', state?.result_state ?? ''), ...said };
}

function fromStatus(state: string, code: string, result = ''): RunState {
  if (state === 'RUNNING' || state === 'TERMINATING') return 'running';
  if (state !== 'TERMINATED') return 'waiting';
  if (code === 'SUCCESS' || code === 'SUCCESS_WITH_FAILURES') return 'succeeded';
  if (code === 'USER_CANCELED') return 'canceled';
  // CANCELED without a person is how Databricks ends what passes its time limit.
  if (code === 'CANCELED') return result === 'CANCELED' ? 'canceled' : 'timedOut';
  if (code === 'SKIPPED' || code === 'MAX_CONCURRENT_RUNS_EXCEEDED') return 'skipped';
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
  if (result === 'UPSTREAM_FAILED' || result === 'UPSTREAM_CANCELED' || result === 'EXCLUDED' || result === 'DISABLED')
    return 'skipped';
  return undefined;
}
