import type { AppRegistry, RegisteredFunction, TypedData } from '../core/appRegistry.ts';
import { clientInputs } from '../core/clientInputs.ts';
import { invoke } from '../core/invoke.ts';
import type { Log } from '../log.ts';
import type { Answer, Exchange } from './exchange.ts';
import { empty, mergedQuery } from './exchange.ts';
import type { HostKeys, KeyLevel } from './hostKeys.ts';
import { functionKey, sentKey } from './hostKeys.ts';
import { responseAnswer } from './responseAnswer.ts';
import type { RouteTemplate } from './routeTemplate.ts';
import { decodePart, parseRoute } from './routeTemplate.ts';
import { streamedCall } from './streamedCall.ts';

export interface HttpFunctionsOptions {
  app: AppRegistry;
  keys: HostKeys;
  routePrefix: string;
  log: Log;
  /** The text that inputs of type durableClient receive. */
  clientBinding: string;
}

interface HttpRoute {
  target: RegisteredFunction;
  template: RouteTemplate;
  /** Undefined: any. */
  methods: string[] | undefined;
  authLevel: string;
}

/** The functions of an app that HTTP triggers. */
export class HttpFunctions {
  readonly #options: HttpFunctionsOptions;
  readonly #routes: HttpRoute[];

  constructor(options: HttpFunctionsOptions) {
    this.#options = options;
    this.#routes = [...options.app.functions.values()]
      .filter(({ trigger }) => trigger.type.toLowerCase() === 'httptrigger')
      // The real host tries routes in the order of the functions' names, however specific they are.
      .sort((left, right) => (left.name.toUpperCase() < right.name.toUpperCase() ? -1 : 1))
      .flatMap((target) => this.#routeOf(target) ?? []);
  }

  /** Name, address and methods of each function, for people. */
  describe(): { name: string; path: string; methods: string[]; authLevel: string }[] {
    return this.#routes.map(({ target, methods, authLevel }) => {
      const path = `/${[this.#options.routePrefix, routeText(target)].filter(Boolean).join('/')}`;
      return { name: target.name, path, methods: methods ?? ['any'], authLevel };
    });
  }

  /** The answer of the function whose route the request fits; undefined when there is none. */
  answer(exchange: Exchange, level: KeyLevel): Promise<Answer> | undefined {
    for (const route of this.#routes) {
      const isMeant = route.methods?.includes(exchange.method.toUpperCase()) ?? true;
      const params = isMeant ? route.template.match(exchange.path) : undefined;
      if (!params) continue;
      if (!this.#mayCall(route, exchange, level)) return Promise.resolve(empty(401));
      return this.#call(route.target, exchange, params);
    }
    return undefined;
  }

  #mayCall({ authLevel, target }: HttpRoute, { headers, query }: Exchange, level: KeyLevel): boolean {
    if (authLevel === 'anonymous' || level === 'master') return true;
    if (authLevel !== 'function') return false;
    return level === 'function' || sentKey(headers, query) === functionKey(this.#options.keys, target.name);
  }

  #routeOf(target: RegisteredFunction): HttpRoute | undefined {
    const { log, routePrefix } = this.#options;
    const route = routeText(target);
    if (/^\/*(admin|runtime)/i.test(route)) {
      const message = `The route "${route}" conflicts with one or more built in routes: the function is not served.`;
      log({ level: 'error', category: 'host', message, functionName: target.name });
      return undefined;
    }
    const { methods } = target.trigger;
    const level = target.trigger['authLevel'];
    return {
      target,
      template: parseRoute([routePrefix, route].filter(Boolean).join('/')),
      methods: Array.isArray(methods) ? methods.map((method) => String(method).toUpperCase()) : undefined,
      authLevel: typeof level === 'string' ? level.toLowerCase() : 'function',
    };
  }

  async #call(target: RegisteredFunction, exchange: Exchange, params: Record<string, string>): Promise<Answer> {
    const { app, log, clientBinding } = this.#options;
    const extra = clientInputs(target, clientBinding);
    try {
      const { httpUri } = app;
      if (httpUri) return await streamedCall({ app, target, httpUri, exchange, params, extra, log });
      const response = await invoke(app, target, { trigger: requestData(exchange, params), extra }, log);
      return responseAnswer(response.returnValue);
    } catch (error) {
      const message = `Executed '${target.name}' (Failed): ${error instanceof Error ? error.stack : String(error)}`;
      log({ level: 'error', category: 'host', message, functionName: target.name });
      return empty(500);
    }
  }
}

function routeText({ name, trigger }: RegisteredFunction): string {
  return typeof trigger['route'] === 'string' && trigger['route'].trim() !== '' ? trigger['route'] : name;
}

function requestData(exchange: Exchange, params: Record<string, string>): TypedData {
  const { method, origin, path, search, headers, query, body } = exchange;
  // The real host takes a body over only when its length was announced: one sent in chunks arrives empty.
  const hasBody = Number(headers['content-length'] ?? 0) > 0;
  return {
    http: {
      method,
      url: `${origin}${normalPath(path)}${search}`,
      nullableHeaders: nullable(headers),
      nullableQuery: nullable(Object.fromEntries(mergedQuery(query))),
      nullableParams: nullable(params),
      ...(hasBody ? { body: { bytes: body } } : {}),
    },
  };
}

// The real host decodes the path, except for slashes, and encodes it again for the function.
function normalPath(path: string): string {
  return decodePart(path).replaceAll(/[^\w.~!$&'()*+,;=:@/%-]|%(?![\da-fA-F]{2})/gu, encodeURIComponent);
}

function nullable(values: Record<string, string>): Record<string, { value: string }> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }]));
}
