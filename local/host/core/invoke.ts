import { randomUUID } from 'node:crypto';
import type { Log } from '../log.ts';
import type {
  AppRegistry,
  CoreInvocationContext,
  FunctionCallback,
  InvocationResponse,
  RegisteredFunction,
  TypedData,
} from './appRegistry.ts';
import { toLogLevel } from './functionsCore.ts';
import { generation } from './generation.ts';
import { WorkerExit, untilWorkerExit } from './workerExit.ts';

export interface InvocationInput {
  /** The value of the trigger, then the values of further inputs by their binding names. */
  trigger: TypedData | null;
  extra?: Record<string, TypedData>;
  triggerMetadata?: Record<string, TypedData>;
  instanceId?: string;
  /** Default: a new one. */
  invocationId?: string;
  /** Receives the handler's context before the handler runs. */
  onContext?(context: unknown): void;
  /** Receives what the handler and the hooks made, before it becomes a response. */
  onResult?(result: unknown): void;
}

/** Calls a function as the Node worker does, hooks included; what the handler throws is thrown. */
export const invoke = (
  app: AppRegistry,
  target: RegisteredFunction,
  input: InvocationInput,
  log: Log,
): Promise<InvocationResponse> => generation.run(app.generation, () => call(app, target, input, log));

async function call(
  app: AppRegistry,
  target: RegisteredFunction,
  input: InvocationInput,
  log: Log,
): Promise<InvocationResponse> {
  const invocationId = input.invocationId ?? randomUUID();
  let invocationContext: unknown;
  const core: CoreInvocationContext = {
    invocationId,
    metadata: target.metadata,
    request: {
      invocationId,
      inputData: [
        { name: target.triggerName, data: input.trigger },
        ...Object.entries(input.extra ?? {}).map(([name, data]) => ({ name, data })),
      ],
      triggerMetadata: input.triggerMetadata ?? {},
      traceContext: { traceParent: '', traceState: '', attributes: {} },
    },
    log(level, category, message) {
      const logged = { level: toLogLevel(level), message, category: category === 'user' ? 'user' : 'system' } as const;
      const hooked = app.runLogHooks({ hookData: {}, ...logged, invocationContext });
      log({
        ...hooked,
        functionName: target.name,
        invocationId,
        ...(input.instanceId === undefined ? {} : { instanceId: input.instanceId }),
      });
    },
  };
  if (!app.model) throw new Error('The app has no programming model.');
  const model = app.model.getInvocationModel(core);
  const { context, inputs } = await model.getArguments();
  invocationContext = context;
  input.onContext?.(context);
  const before = { hookData: {}, appHookData: app.appHookData, invocationContext: context, inputs };
  const hooked = await runBefore(app, core, { ...before, functionCallback: target.callback });
  core.state = 'invocation';
  const outcome = await settle(untilWorkerExit(model.invokeFunction(context, hooked.inputs, hooked.functionCallback)));
  // A worker that is gone runs no hooks.
  if (outcome.error instanceof WorkerExit) throw outcome.error;
  const after = { ...hooked, ...outcome };
  core.state = 'postInvocationHooks';
  await app.runHooks('postInvocation', after);
  // A hook may take the error away or put one in; throwing nothing is no error to the worker.
  if (after.error !== null && after.error !== undefined) throw asError(after.error);
  input.onResult?.(after.result);
  return model.getResponse(context, after.result);
}

interface BeforeInvocation {
  hookData: object;
  appHookData: object;
  invocationContext: unknown;
  inputs: unknown[];
  functionCallback: FunctionCallback;
}

async function runBefore(
  app: AppRegistry,
  core: CoreInvocationContext,
  hook: BeforeInvocation,
): Promise<BeforeInvocation> {
  core.state = 'preInvocationHooks';
  await app.runHooks('preInvocation', hook);
  return hook;
}

async function settle(call: Promise<unknown>): Promise<{ result: unknown; error: unknown }> {
  try {
    return { result: await call, error: null };
  } catch (error) {
    return { result: null, error };
  }
}

// A handler may throw anything; the worker makes an Error of it.
function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  return new Error(typeof thrown === 'string' ? thrown : JSON.stringify(thrown));
}
