import Module from 'node:module';
import type { LogLevel } from '../log.ts';
import { logLevels } from '../log.ts';
import type { FunctionCallback, FunctionMetadata, HookCallback, HookName, ProgrammingModel } from './appRegistry.ts';
import { AppRegistry, hookNames } from './appRegistry.ts';

/** The versions that the recorded host and worker gave; some libraries compare them. */
const hostVersion = '4.1037.0.0';
const workerVersion = '3.9.1';

/** What registrations go to: the app that is being loaded. */
let current = new AppRegistry();
let installed = false;

class Disposable {
  static from(...parts: { dispose(): unknown }[]): Disposable {
    return new Disposable(() => {
      for (const part of parts) part.dispose();
    });
  }

  #dispose: (() => unknown) | undefined;

  constructor(dispose: () => unknown) {
    this.#dispose = dispose;
  }

  dispose(): void {
    this.#dispose?.();
    this.#dispose = undefined;
  }
}

const coreModule = {
  version: workerVersion,
  get hostVersion(): string {
    return hostVersion;
  },
  registerFunction: (metadata: FunctionMetadata, callback: FunctionCallback) =>
    new Disposable(current.registerFunction(metadata, callback)),
  registerHook(name: string, callback: HookCallback): Disposable {
    if (!isHookName(name)) throw unknownHook(name);
    return new Disposable(current.registerHook(name, callback));
  },
  setProgrammingModel(model: ProgrammingModel): void {
    current.model = model;
  },
  getProgrammingModel: () => current.model,
  log(level: string, category: string, message: string): void {
    current.log({ level: toLogLevel(level), category: category === 'user' ? 'user' : 'system', message });
  },
  Disposable,
};

/** The level of that name; `information` for a name that is none. */
export function toLogLevel(level: string): LogLevel {
  return logLevels.find((known) => known === level) ?? 'information';
}

function isHookName(name: string): name is HookName {
  return hookNames.some((known) => known === name);
}

// The library looks at this property to tell an unknown hook from a fault of the app.
function unknownHook(name: string): RangeError {
  return Object.assign(new RangeError(`Unrecognized hook "${name}"`), { isAzureFunctionsSystemError: true });
}

interface Requirer {
  require: (this: unknown, id: string) => unknown;
}

/**
 * Makes `require('@azure/functions-core')` answer with this host, as the Node worker does. It must come before the first
 * `app.*` call of an app, because `@azure/functions` remembers a failed attempt for the rest of the process.
 */
export function installFunctionsCore(): void {
  if (installed) return;
  installed = true;
  const prototype = Module.prototype as unknown as Requirer;
  const original = prototype.require;
  prototype.require = function requireOrCore(id) {
    return id === '@azure/functions-core' ? coreModule : original.call(this, id);
  };
}

/** Runs `load` with all registrations going to a fresh registry, which is returned locked. */
export async function collectRegistrations(load: () => Promise<void>): Promise<AppRegistry> {
  installFunctionsCore();
  // `@azure/functions` names its model once per process: a second app that shares the library's copy inherits it.
  const registry = new AppRegistry();
  registry.model = current.model;
  current = registry;
  await load();
  registry.lock();
  return registry;
}
