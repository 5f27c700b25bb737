import type { AppRegistry, RegisteredFunction } from '../core/appRegistry.ts';
import { invoke } from '../core/invoke.ts';
import { isWorkerExit } from '../core/workerExit.ts';
import type { Log } from '../log.ts';
import { toError } from './failureDetails.ts';
import type { OrchestratorState } from './protocol.ts';
import type { Instance } from './store.ts';

export interface OrchestratorAnswer {
  state: OrchestratorState;
  /** How many ids the SDK has given out; undefined when it cannot be told. */
  sdkIds: number | undefined;
  /** Whether the orchestrator threw, but nothing that the SDK can put into words. */
  threwNoError: boolean;
}

const label = '\n\n$OutOfProcData$:';

/** Longer timers go in hops of three days, as on every backend of the real extension. */
export const timerLimits = { longestTimerMs: 6 * 86_400_000, timerHopMs: 3 * 86_400_000 };

/** The text that the orchestration trigger receives. */
export function orchestratorPayload(instance: Instance, events: readonly string[], isReplaying: boolean): string {
  const rest = JSON.stringify({
    instanceId: instance.id,
    isReplaying,
    parentInstanceId: instance.parent?.OrchestrationInstance.InstanceId ?? null,
    upperSchemaVersion: 1,
    upperSchemaVersionNew: 3,
    longRunningTimerIntervalDuration: '3.00:00:00',
    maximumShortTimerDuration: '6.00:00:00',
    defaultHttpAsyncRequestSleepTimeMillseconds: 30000,
  });
  return `{"history":[${events.join(',')}],"input":${instance.input ?? 'null'},${rest.slice(1)}`;
}

/** Lets the SDK replay one orchestrator; a failure comes back in the state, as it does from the worker. */
export async function callOrchestrator(
  app: AppRegistry,
  target: RegisteredFunction,
  instance: Instance,
  payload: string,
  log: Log,
): Promise<OrchestratorAnswer> {
  let context: unknown;
  const text = (string: string): { string: string } => ({ string });
  const input = {
    trigger: text(payload),
    // The real host also repeats the whole payload here; that is left out because it would be parsed a second time.
    triggerMetadata: { input: text(instance.input ?? ''), instanceId: text(instance.id) },
    instanceId: instance.id,
    onContext: (created: unknown) => {
      context = created;
    },
  };
  try {
    const { returnValue } = await invoke(app, target, input, log);
    const state = JSON.parse(returnValue?.json ?? '{}') as OrchestratorState;
    return { state: { ...state, actions: state.actions ?? [[]] }, sdkIds: sdkIds(context), threwNoError: false };
  } catch (error) {
    const { message } = toError(error);
    const at = message.indexOf(label);
    if (at < 0)
      return { state: { isDone: false, actions: [[]], error: message }, sdkIds: undefined, threwNoError: false };
    const state = JSON.parse(message.slice(at + label.length)) as OrchestratorState;
    // A worker that is gone says nothing about what the orchestrator had asked for.
    if (isWorkerExit(state.error))
      return { state: { ...state, actions: [[]] }, sdkIds: undefined, threwNoError: false };
    return { state, sdkIds: sdkIds(context), threwNoError: !state.error };
  }
}

// A private part of the SDK, read only to find faults of the orchestrator, never to decide what it does.
function sdkIds(context: unknown): number | undefined {
  const { df } = (context ?? {}) as { df?: { taskOrchestratorExecutor?: { sequenceNumber?: unknown } } };
  const count = df?.taskOrchestratorExecutor?.sequenceNumber;
  return typeof count === 'number' ? count : undefined;
}
