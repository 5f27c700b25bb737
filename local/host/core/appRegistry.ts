import type { Log, LogLevel } from '../log.ts';
import type { Generation } from './generation.ts';

/** What an app says about one input or output of a function, as `@azure/functions` passes it to the worker. */
export interface Binding {
  type: string;
  direction: string;
  name?: string;
  [option: string]: unknown;
}

export interface FunctionMetadata {
  name: string;
  functionId?: string;
  bindings: Record<string, Binding>;
  retryOptions?: unknown;
}

export type FunctionCallback = (...inputs: unknown[]) => unknown;

export interface RegisteredFunction {
  name: string;
  metadata: FunctionMetadata;
  callback: FunctionCallback;
  triggerName: string;
  trigger: Binding;
}

export interface TypedData {
  string?: string;
  json?: string;
  bytes?: Uint8Array;
  int?: number;
  double?: number;
  http?: Record<string, unknown>;
}

export interface InvocationRequest {
  invocationId: string;
  inputData: { name: string; data: TypedData | null | undefined }[];
  triggerMetadata: Record<string, TypedData>;
  traceContext: { traceParent: string; traceState: string; attributes: Record<string, string> };
}

export interface InvocationResponse {
  invocationId: string;
  outputData?: { name: string; data: TypedData }[];
  returnValue?: TypedData | null;
}

/** The part of the `@azure/functions` library that turns messages of the host into calls of handlers. */
export interface ProgrammingModel {
  name: string;
  version: string;
  getInvocationModel(context: CoreInvocationContext): InvocationModel;
  getCapabilities?(capabilities: Record<string, string>): Promise<Record<string, string>> | Record<string, string>;
}

export interface CoreInvocationContext {
  invocationId: string;
  request: InvocationRequest;
  metadata: FunctionMetadata;
  state?: 'preInvocationHooks' | 'postInvocationHooks' | 'invocation';
  log(level: string, category: string, message: string): void;
}

export interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], callback: FunctionCallback): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<InvocationResponse>;
}

export const hookNames = ['appStart', 'appTerminate', 'preInvocation', 'postInvocation', 'log'] as const;
export type HookName = (typeof hookNames)[number];
export type HookCallback = (context: object) => unknown;

/** Everything that one app registered while its files were loaded. */
export class AppRegistry {
  readonly functions = new Map<string, RegisteredFunction>();
  readonly appHookData: Record<string, unknown>;
  model: ProgrammingModel | undefined;
  /** Where the library takes HTTP requests, when the app asked for HTTP streaming. */
  httpUri: string | undefined;
  /** Where the library's own messages go; each host that runs the app puts its log here. */
  log: Log = () => undefined;
  /** The host that runs these functions. */
  readonly generation: Generation = { crashed: false };
  #locked = false;
  readonly #hooks: Map<HookName, HookCallback[]>;

  constructor(whole?: AppRegistry) {
    this.#hooks = whole ? whole.#hooks : new Map<HookName, HookCallback[]>();
    this.appHookData = whole?.appHookData ?? {};
    this.model = whole?.model;
    this.httpUri = whole?.httpUri;
  }

  /** The same app with only those functions. */
  only(isServed: (target: RegisteredFunction) => boolean): AppRegistry {
    const part = new AppRegistry(this);
    for (const [id, target] of this.functions) if (isServed(target)) part.functions.set(id, target);
    part.lock();
    return part;
  }

  /** Refuses further functions, as the worker does once the app has started. */
  lock(): void {
    this.#locked = true;
  }

  registerFunction(metadata: FunctionMetadata, callback: FunctionCallback): () => void {
    if (this.#locked) throw new Error('A function can only be registered during app startup.');
    const id = metadata.functionId ?? metadata.name;
    if (this.functions.has(id)) throw new Error(`A function with id "${id}" has already been registered.`);
    const trigger = Object.entries(metadata.bindings).find(([, binding]) => /trigger$/i.test(binding.type));
    if (!trigger) throw new Error(`The function "${metadata.name}" has no trigger.`);
    this.functions.set(id, { name: metadata.name, metadata, callback, triggerName: trigger[0], trigger: trigger[1] });
    return () => {
      if (this.#locked) throw new Error('A function can only be disposed during app startup.');
      this.functions.delete(id);
    };
  }

  registerHook(name: HookName, callback: HookCallback): () => void {
    const callbacks = this.#hooks.get(name) ?? [];
    callbacks.push(callback);
    this.#hooks.set(name, callbacks);
    return () => callbacks.splice(callbacks.indexOf(callback), 1);
  }

  async runHooks(name: HookName, context: object): Promise<void> {
    for (const callback of this.#hooks.get(name) ?? []) await callback(context);
  }

  /** The entry as the app's log hooks leave it; they may change its level and its message. */
  runLogHooks<Entry extends LogHookEntry>(context: Entry): Pick<Entry, 'level' | 'message' | 'category'> {
    for (const callback of this.#hooks.get('log') ?? []) callback(context);
    const { level, message, category } = context;
    return { level, message, category };
  }
}

interface LogHookEntry {
  hookData: object;
  level: LogLevel;
  message: string;
  category: 'user' | 'system';
  invocationContext: unknown;
}
