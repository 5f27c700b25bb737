import type { AppRegistry, RegisteredFunction, TypedData } from '../core/appRegistry.ts';
import { invoke } from '../core/invoke.ts';
import { isWorkerExit } from '../core/workerExit.ts';
import type { Log } from '../log.ts';
import { toError } from './failureDetails.ts';
import type { OrchestratorState } from './protocol.ts';
import type { Instance } from './store.ts';
import { dotNetBoolean } from './values.ts';

export interface OrchestratorAnswer {
  state: OrchestratorState;
  /** How many ids the SDK has given out; undefined when it cannot be told. */
  sdkIds: number | undefined;
  /** Whether the orchestrator threw, but nothing that the SDK can put into words. */
  threwNoError: boolean;
}

const label = '\n\n$OutOfProcData$:';

/** Longer timers go in hops of three days, as on every backend of the real extension. */
export const timerLimits = { longestTimerMs: 6 * 86_400_000, timerHopMs: 3 * 86_400_000, httpPauseMs: 30_000 };

const facts = {
  upperSchemaVersion: 1,
  upperSchemaVersionNew: 3,
  longRunningTimerIntervalDuration: '3.00:00:00',
  maximumShortTimerDuration: '6.00:00:00',
  defaultHttpAsyncRequestSleepTimeMillseconds: timerLimits.httpPauseMs,
};

/** The text that the orchestration trigger receives. */
function orchestratorPayload(instance: Instance, events: readonly string[], isReplaying: boolean): string {
  const rest = JSON.stringify({
    instanceId: instance.id,
    isReplaying,
    parentInstanceId: instance.parent?.OrchestrationInstance.InstanceId ?? null,
    ...facts,
  });
  return `{"history":[${events.join(',')}],"input":${instance.input ?? 'null'},${rest.slice(1)}`;
}

// The real host also repeats the whole payload here; that is left out because it would be parsed a second time.
function triggerMetadata(instance: Instance, isReplaying: boolean): Record<string, TypedData> {
  const metadata: Record<string, TypedData> = {
    instanceId: { string: instance.id },
    isReplaying: { string: isReplaying ? 'True' : 'False' },
  };
  for (const [name, value] of Object.entries(facts)) metadata[name] = { string: String(value) };
  const json = instance.input ?? 'null';
  const input: unknown = /^[[{]/.test(json) ? undefined : JSON.parse(json);
  if (input === undefined) metadata['input'] = { json };
  else if (typeof input === 'string') metadata['input'] = { string: input };
  else if (typeof input === 'boolean') metadata['input'] = { string: dotNetBoolean(input) };
  else if (typeof input === 'number') metadata['input'] = { string: String(input) };
  return metadata;
}

/** Lets the SDK replay one orchestrator; a failure comes back in the state, as it does from the worker. */
export async function callOrchestrator(
  app: AppRegistry,
  target: RegisteredFunction,
  instance: Instance,
  history: { events: readonly string[]; isReplaying: boolean },
  log: Log,
): Promise<OrchestratorAnswer> {
  let context: unknown;
  const input = {
    trigger: { string: orchestratorPayload(instance, history.events, history.isReplaying) },
    triggerMetadata: triggerMetadata(instance, history.isReplaying),
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
