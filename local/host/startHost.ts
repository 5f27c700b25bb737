import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Clock } from '../kit/clock.ts';
import { systemClock } from '../kit/clock.ts';
import type { AppRegistry } from './core/appRegistry.ts';
import { installFunctionsCore } from './core/functionsCore.ts';
import type { Generation } from './core/generation.ts';
import { applySettings, readHostConfig } from './core/hostConfig.ts';
import { loadApp } from './core/loadApp.ts';
import { servedFunctions } from './core/servedFunctions.ts';
import { type Backend, perfectBackend } from './durable/backend.ts';
import { DurableEngine, type EngineWork } from './durable/durableEngine.ts';
import { clientBinding } from './durable/managementUrls.ts';
import type { HistoryEvent, RuntimeStatus } from './durable/protocol.ts';
import { Store } from './durable/store.ts';
import { HostError } from './hostError.ts';
import type { HostKeys } from './http/hostKeys.ts';
import { loadKeys } from './http/hostKeys.ts';
import type { HttpServer } from './http/httpServer.ts';
import { listen } from './http/httpServer.ts';
import type { Answer, Exchange } from './http/exchange.ts';
import { Site } from './http/site.ts';
import type { Log, LogOptions } from './log.ts';
import { stderrLog } from './log.ts';
import { TimerTriggers } from './timer/timerTriggers.ts';

export interface StartHostOptions {
  /** The folder with `package.json` and `host.json` of the function app. */
  appFolder: string;
  /** Where state and keys are kept; one host at a time can have it. */
  dataFolder?: string;
  /** Keeps state and keys in memory only, instead of in a data folder. */
  memory?: boolean;
  /** Default: 0, any free port. */
  port?: number;
  /** Default: 127.0.0.1. */
  address?: string;
  clock?: Clock;
  /** Fails instances that the real host would run wrongly or for ever; else they are only reported in the log. */
  strict?: boolean;
  keys?: Partial<HostKeys>;
  /** Default: nothing is logged. */
  log?: Log | LogOptions;
  /** What a host that has crashed left behind, to go on with. */
  remains?: Remains;
  /** App settings, put into the environment like those of `local.settings.json`. */
  settings?: Record<string, string>;
}

/** What is there after a crash: the durable state, and the keys that callers know. */
export interface Remains {
  store: Store;
  keys: HostKeys;
}

export interface Host {
  /** What the calls of its functions carry, also after a crash. */
  generation: Generation;
  /** `http://localhost:<port>`. */
  url: string;
  port: number;
  keys: HostKeys;
  /** The functions that HTTP triggers. */
  routes: { name: string; path: string; methods: string[]; authLevel: string }[];
  /** Starts an orchestration without HTTP and returns the instance's id. */
  start(name: string, input?: unknown, instanceId?: string): string;
  /** Resolves when nothing runs and nothing is due at the present time of the clock. */
  idle(): Promise<void>;
  /** When the next durable timer or timer trigger is due, in milliseconds since 1970; undefined when none waits. */
  nextDue(): number | undefined;
  /** Undefined for an instance that there is not. */
  status(instanceId: string): RuntimeStatus | undefined;
  /** The events of the instance's current generation, in order. */
  history(instanceId: string): HistoryEvent[];
  /** Called just before and just after each transaction on the durable state is committed; it may crash the host. */
  onCommit(act: (when: 'before' | 'after') => void): void;
  /**
   * Ends this host as SIGKILL ends its process, at this very statement: what is not committed is lost, connections to it
   * are cut, and what its functions still do has no effect on it. What they ask of others is for the network to cut, by
   * their `generation`.
   */
  crash(): Remains;
  /** Has messages delivered from now on as a real backend may: late, in another order, activities again. */
  deliver(how: Partial<Backend>): void;
  /** What the durable engine has done since the start. */
  work(): EngineWork;
  /** Ends what runs and closes the store; activities get two seconds and run again with the next host. */
  stop(): Promise<void>;
}

const graceMs = 2000;

/** Runs a function app of programming model 4 in this process. */
export async function startHost(options: StartHostOptions): Promise<Host> {
  const appFolder = resolve(options.appFolder);
  if (!existsSync(appFolder)) throw new HostError(`There is no folder ${appFolder}.`);
  const given =
    typeof options.log === 'function' ? options.log : stderrLog(options.log ?? { level: 'none', format: 'json' });
  let hasCrashed = (): boolean => false;
  const log: Log = (entry) => {
    if (!hasCrashed()) given(entry);
  };
  installFunctionsCore();
  applySettings(appFolder, {
    FUNCTIONS_WORKER_RUNTIME: 'node',
    AZURE_FUNCTIONS_ENVIRONMENT: 'Development',
    ...options.settings,
  });
  const config = readHostConfig(appFolder);
  if ((options.dataFolder === undefined) !== (options.memory === true))
    throw new HostError('Name a data folder, or ask for memory.');
  const folder = options.dataFolder === undefined ? undefined : resolve(options.dataFolder);
  const store = options.remains?.store ?? new Store(folder ? join(folder, 'durable.db') : ':memory:');
  const listeners: HttpServer[] = [];
  try {
    const keys = options.remains?.keys ?? loadKeys(folder && join(folder, 'keys.json'), options.keys);
    const clock = options.clock ?? systemClock;
    // Requests that arrive while the app is being loaded wait for it.
    let ready: (site: Site) => void = () => undefined;
    const loaded = new Promise<Site>((resolveSite) => {
      ready = resolveSite;
    });
    const failed = (error: unknown): void =>
      log({
        level: 'error',
        category: 'host',
        message: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    const open = async (port: number, address: string, answer: (site: Site, exchange: Exchange) => Promise<Answer>) => {
      const server = await listen({
        port,
        address,
        failed,
        answer: async (exchange) => answer(await loaded, exchange),
      });
      listeners.push(server);
      return server;
    };
    const main = await open(options.port ?? 0, options.address ?? '127.0.0.1', (site, exchange) =>
      site.answer(exchange),
    );
    const rpc = await open(0, '127.0.0.1', (site, exchange) => site.answerRpc(exchange));
    // The SDK puts this name into management links.
    process.env['WEBSITE_HOSTNAME'] = `localhost:${main.port}`;
    const whole = await loadApp(appFolder);
    whole.log = log;
    const app = servedFunctions(whole, config, log);
    hasCrashed = () => app.generation.crashed;
    await app.runHooks('appStart', { hookData: {}, appHookData: app.appHookData, functionAppDirectory: appFolder });
    warnAboutUnserved(app, log);
    const binding = clientBinding({
      ...config,
      baseUrl: `http://localhost:${main.port}/runtime/webhooks/durabletask`,
      rpcBaseUrl: `http://127.0.0.1:${rpc.port}/durabletask/`,
      key: keys.durable,
    });
    const strict = options.strict ?? false;
    const backend = perfectBackend();
    const engine = new DurableEngine({ app, config, store, clock, log, strict, backend, clientBinding: binding });
    const timers = new TimerTriggers({ app, store, clock, log, clientBinding: binding });
    const site = new Site({ app, config, engine, timers, clock, keys, log, clientBinding: binding, rpcPort: rpc.port });
    ready(site);
    engine.resumeWork();
    timers.start();
    return hostOf({ app, engine, timers, site, store, backend, listeners, main, keys });
  } catch (error) {
    await Promise.all(listeners.map((server) => server.close()));
    store.close();
    throw error;
  }
}

interface Parts {
  app: AppRegistry;
  engine: DurableEngine;
  timers: TimerTriggers;
  site: Site;
  store: Store;
  backend: Backend;
  listeners: HttpServer[];
  main: HttpServer;
  keys: HostKeys;
}

function hostOf({ app, engine, timers, site, store, backend, listeners, main, keys }: Parts): Host {
  const isBusy = (): boolean =>
    !app.generation.crashed && (engine.busy || timers.busy || listeners.some((server) => server.inFlight > 0));
  return {
    generation: app.generation,
    url: `http://localhost:${main.port}`,
    port: main.port,
    keys,
    routes: site.routes,
    start: (name, input, instanceId) =>
      engine.startInstance({ name, instanceId, input: input === undefined ? null : JSON.stringify(input) }),
    async idle() {
      // What has just ended may set something going in the next turn, so it must be quiet for a few of them.
      for (let quietTurns = 0; quietTurns < 3;) {
        await new Promise((resolveTurn) => setImmediate(resolveTurn));
        quietTurns = isBusy() ? 0 : quietTurns + 1;
      }
    },
    nextDue() {
      const dues = [engine.nextDue(), timers.nextDue()].filter((due) => due !== undefined);
      return dues.length === 0 ? undefined : Math.min(...dues);
    },
    status: (instanceId) => store.standing(instanceId)?.status,
    history: (instanceId) => engine.history(instanceId),
    onCommit(act) {
      store.onCommit = act;
    },
    crash() {
      app.generation.crashed = true;
      engine.abandon();
      timers.abandon();
      for (const server of listeners) server.cut();
      return { store: store.abandon(), keys };
    },
    deliver: (how) => void Object.assign(backend, how),
    work: () => engine.work(),
    async stop() {
      await Promise.all(listeners.map((server) => server.close()));
      await Promise.all([engine.stop(graceMs), timers.stop(graceMs)]);
      await app.runHooks('appTerminate', { hookData: {}, appHookData: app.appHookData });
      store.close();
    },
  };
}

const servedTriggers = new Set([
  'httptrigger',
  'orchestrationtrigger',
  'activitytrigger',
  'eventgridtrigger',
  'timertrigger',
]);
const servedBindings = new Set(['http', 'durableclient', ...servedTriggers]);

function warnAboutUnserved(app: AppRegistry, log: Log): void {
  const warn = (functionName: string, message: string): void =>
    log({ level: 'warning', category: 'host', message, functionName });
  for (const { name, trigger, metadata } of app.functions.values()) {
    if (!servedTriggers.has(trigger.type.toLowerCase()))
      warn(name, `This host does not implement ${trigger.type}: the function is loaded but never called.`);
    if (metadata.retryOptions) warn(name, 'This host does not implement retry policies: a failure is not repeated.');
    for (const { type, direction } of Object.values(metadata.bindings)) {
      if (servedBindings.has(type.toLowerCase()) || type === trigger.type) continue;
      warn(
        name,
        `This host does not implement the ${direction} binding ${type}: ${direction === 'in' ? 'the input is missing' : 'what is put out is lost'}.`,
      );
    }
  }
}
