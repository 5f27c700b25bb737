import type { Clock } from '../../kit/clock.ts';
import type { AppRegistry } from '../core/appRegistry.ts';
import type { HostConfig } from '../core/hostConfig.ts';
import type { DurableEngine } from '../durable/durableEngine.ts';
import type { ManagementOptions } from '../durable/managementApi.ts';
import { answerManagement } from '../durable/managementApi.ts';
import type { EventGridOptions } from '../eventGrid/eventGridWebhook.ts';
import { answerEventGrid } from '../eventGrid/eventGridWebhook.ts';
import type { Log } from '../log.ts';
import type { TimerTriggers } from '../timer/timerTriggers.ts';
import type { AdminOptions } from './adminApi.ts';
import { answerAdmin } from './adminApi.ts';
import type { Answer, Exchange } from './exchange.ts';
import { empty } from './exchange.ts';
import type { HostKeys, KeyLevel } from './hostKeys.ts';
import { keyLevel, sentKey } from './hostKeys.ts';
import { HttpFunctions } from './httpFunctions.ts';

export interface SiteOptions {
  app: AppRegistry;
  config: HostConfig;
  engine: DurableEngine;
  clock: Clock;
  keys: HostKeys;
  log: Log;
  timers: TimerTriggers;
  /** The text that inputs of type durableClient receive. */
  clientBinding: string;
  rpcPort: number;
}

const webhooks = '/runtime/webhooks/';
const homePage = '<!DOCTYPE html><title>Functions</title><p>Your function app is up and running.</p>';

/** What the host answers to whom: functions, webhooks of extensions, admin. */
export class Site {
  readonly #keys: HostKeys;
  readonly #functions: HttpFunctions;
  readonly #management: ManagementOptions;
  readonly #admin: AdminOptions;
  readonly #eventGrid: EventGridOptions;
  readonly #rpcBaseUrl: string;

  constructor({ app, config, engine, timers, clock, keys, log, clientBinding, rpcPort }: SiteOptions) {
    this.#keys = keys;
    this.#rpcBaseUrl = `http://127.0.0.1:${rpcPort}/durabletask/`;
    this.#management = { engine, config, clock, key: keys.durable };
    this.#admin = { app, keys, timers, log, clientBinding, startedMs: clock.now(), now: () => clock.now() };
    this.#eventGrid = { app, log, clientBinding };
    this.#functions = new HttpFunctions({ app, keys, routePrefix: config.routePrefix, log, clientBinding });
  }

  get routes(): ReturnType<HttpFunctions['describe']> {
    return this.#functions.describe();
  }

  async answer(exchange: Exchange): Promise<Answer> {
    const level = keyLevel(this.#keys, sentKey(exchange.headers, exchange.query));
    const path = exchange.path.toLowerCase();
    if (path.startsWith(webhooks)) return this.#answerWebhook(exchange, level);
    if (/^\/admin(\/|$)/.test(path)) return answerAdmin(this.#admin, exchange, level);
    const answer = this.#functions.answer(exchange, level);
    if (answer) return answer;
    if (path !== '/') return empty(404);
    if (/^true$/i.test(process.env['AzureWebJobsDisableHomepage'] ?? '')) return empty(204);
    return { status: 200, headers: { 'Content-Type': 'text/html' }, body: homePage };
  }

  /** The SDK's client comes to this door, which only listens on the loopback address and wants no key. */
  async answerRpc(exchange: Exchange): Promise<Answer> {
    const [first, ...segments] = pathSegments(exchange.path);
    if (first !== 'durabletask') return empty(404);
    return answerManagement(this.#management, { exchange, segments, baseUrl: this.#rpcBaseUrl.replace(/\/$/, '') });
  }

  async #answerWebhook(exchange: Exchange, level: KeyLevel): Promise<Answer> {
    const [name, ...segments] = pathSegments(exchange.path.slice(webhooks.length));
    const extension = name?.toLowerCase();
    const keyOf: Record<string, KeyLevel> = { durabletask: 'durable', eventgrid: 'eventGrid' };
    if (!level) return empty(401, { 'WWW-Authenticate': 'Bearer' });
    if (level !== 'master' && level !== keyOf[extension ?? '']) return empty(403);
    if (extension === 'eventgrid') return answerEventGrid(this.#eventGrid, exchange);
    if (extension !== 'durabletask') return empty(404);
    const baseUrl = `${exchange.origin}${webhooks}durabletask`;
    return answerManagement(this.#management, { exchange, segments, baseUrl });
  }
}

function pathSegments(path: string): string[] {
  return path
    .replace(/^\/|\/$/g, '')
    .split('/')
    .map((part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return part;
      }
    });
}
