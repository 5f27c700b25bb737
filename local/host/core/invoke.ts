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
import { WorkerExit, untilWorkerExit } from './workerExit.ts';

export interface InvocationInput {
  /** The value of the trigger, then the values of further inputs by their binding names. */
  trigger: TypedData | null;
  extra?: Record<string, TypedData>;
  triggerMetadata?: Record<string, TypedData>;
  instanceId?: string;
  /** Receives the handler's context before the handler runs. */
  onContext?(context: unknown): void;
}

/** Calls a function as the Node worker does, hooks included; what the handler throws is thrown. */
export async function invoke(
  app: AppRegistry,
  target: RegisteredFunction,
  input: InvocationInput,
  log: Log,
): Promise<InvocationResponse> {
  const invocationId = randomUUID();
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
    },
    log: (level, category, message) =>
      log({
        level: toLogLevel(level),
        category: category === 'user' ? 'user' : 'system',
        message,
        functionName: target.name,
        invocationId,
        ...(input.instanceId === undefined ? {} : { instanceId: input.instanceId }),
      }),
  };
  if (!app.model) throw new Error('The app has no programming model.');
  const model = app.model.getInvocationModel(core);
  const { context, inputs } = await model.getArguments();
  input.onContext?.(context);
  const before = { hookData: {}, appHookData: app.appHookData, invocationContext: context, inputs };
  const hooked = await runBefore(app, core, { ...before, functionCallback: target.callback });
  core.state = 'invocation';
  const outcome = await settle(untilWorkerExit(model.invokeFunction(context, hooked.inputs, hooked.functionCallback)));
  // A worker that is gone runs no hooks.
  if (outcome.error instanceof WorkerExit) throw outcome.error;
  const after = { ...hooked, result: outcome.result ?? null, error: outcome.error ?? null };
  core.state = 'postInvocationHooks';
  await app.runHooks('postInvocation', after);
  // A hook may take the error away or put one in.
  if (after.error) throw after.error;
  return model.getResponse(context, outcome.error ? after.result : keepUndefined(outcome.result, after.result));
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

async function settle(call: Promise<unknown>): Promise<{ result?: unknown; error?: unknown }> {
  try {
    return { result: await call };
  } catch (error) {
    // A handler may throw anything, also nothing; the worker makes an Error of it.
    return { error: error instanceof Error ? error : new Error(describe(error)) };
  }
}

function describe(thrown: unknown): string {
  if (thrown === undefined || thrown === null) return 'Unknown error';
  return typeof thrown === 'string' ? thrown : JSON.stringify(thrown);
}

// Hooks see null where a handler returned nothing; unless one changed it, the response keeps the difference.
function keepUndefined(returned: unknown, hooked: unknown): unknown {
  return returned === undefined && hooked === null ? undefined : hooked;
}
