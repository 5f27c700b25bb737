import type { Readable } from 'node:stream';

/** One HTTP request, read whole. */
export interface Exchange {
  method: string;
  /** As sent: percent-encoded, without the query. */
  path: string;
  /** With `?`; empty when there is none. */
  search: string;
  query: URLSearchParams;
  /** Names in lower case; values of a repeated header joined by a comma. */
  headers: Record<string, string>;
  body: Buffer;
  /** What a client calls this server: `http://` and the Host header. */
  origin: string;
}

export interface Answer {
  status: number;
  headers?: Record<string, string | string[]>;
  /** Without one the answer says `Content-Length: 0`. */
  body?: Buffer | string;
  /** Function results go out chunked, as from the real host. */
  chunked?: boolean;
  /** Sent on as it comes, instead of a body. */
  stream?: Readable;
}

/** The parameters of a query; names that differ only in case are one, and their values are joined by commas. */
export function mergedQuery(query: URLSearchParams): [name: string, value: string][] {
  const values = new Map<string, [string, string]>();
  for (const [name, value] of query) {
    const known = values.get(name.toLowerCase());
    if (known) known[1] += `,${value}`;
    else values.set(name.toLowerCase(), [name, value]);
  }
  return [...values.values()];
}

/** An answer without a body. */
export function empty(status: number, headers: Record<string, string> = {}): Answer {
  return { status, headers };
}

/** A JSON answer as ASP.NET sends it. */
export function jsonAnswer(status: number, value: unknown, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(value),
  };
}

/** An error in the shape of the Durable extension, without .NET's stack. */
export function exceptionAnswer(status: number, message: string, detail: string, type: string): Answer {
  return jsonAnswer(status, { Message: message, ExceptionMessage: detail, ExceptionType: type, StackTrace: '' });
}
