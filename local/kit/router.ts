/** A request as an emulator's handler sees it. */
export interface ApiRequest {
  method: string;
  /** Decoded path, with repeated slashes collapsed. */
  path: string;
  /** The route's `{name}` parts, decoded. */
  params: Record<string, string>;
  query: URLSearchParams;
  /** Lower-case names. */
  headers: Record<string, string>;
  /** Parsed JSON (large integers as bigint), the text of another type, undefined for a binary type or no body. */
  body: unknown;
  /** The body as it came, unpacked where it was compressed. */
  bytes: Buffer;
  /** `scheme://host:port` under which the caller reached the server. */
  origin: string;
}

export interface ApiReply {
  status?: number;
  headers?: Record<string, string>;
  /** Sent as JSON (bigints as integers), a string or Buffer as it is; undefined sends no body. */
  body?: unknown;
}

export type Handler = (request: ApiRequest) => ApiReply | Promise<ApiReply>;

interface Route {
  method: string;
  pattern: RegExp;
  names: string[];
  handler: Handler;
}

/** Routes with `{name}` for one path segment and `{name*}` for the rest; the first one added that fits wins. */
export class Router {
  readonly #routes: Route[] = [];
  readonly #caseSensitive: boolean;

  constructor({ caseSensitive = true } = {}) {
    this.#caseSensitive = caseSensitive;
  }

  on(method: string, path: string, handler: Handler): this {
    const names: string[] = [];
    const source = path
      .split('/')
      .map((segment) => {
        const name = /^\{(\w+)(\*?)\}$/.exec(segment);
        if (!name?.[1]) return segment.replace(/[.*+?^$()|[\]\\{}]/g, '\\$&');
        names.push(name[1]);
        return name[2] ? '(.+)' : '([^/]+)';
      })
      .join('/');
    this.#routes.push({ method, pattern: new RegExp(`^${source}/?$`, this.#caseSensitive ? '' : 'i'), names, handler });
    return this;
  }

  /** The handler for a raw (still encoded) path, with its parameters. */
  match(method: string, rawPath: string): { handler: Handler; params: Record<string, string> } | undefined {
    const path = rawPath.replace(/\/{2,}/g, '/');
    for (const route of this.#routes) {
      const found = route.method === method ? route.pattern.exec(path) : null;
      if (!found) continue;
      const params = Object.fromEntries(route.names.map((name, i) => [name, decodeURIComponent(found[i + 1] ?? '')]));
      return { handler: route.handler, params };
    }
    return undefined;
  }
}
