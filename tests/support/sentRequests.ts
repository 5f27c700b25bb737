import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';

/** A request as one of the app's clients sent it. */
export interface SentRequest {
  /** `https://host:port`. */
  origin: string;
  method: string;
  path: string;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: Buffer;
}

/** Notebooks, too, are in this process where they are only acted. */
const notebookToken = /^Bearer dapi/;

/** The requests that the app sends from now on, in their order: it runs in the process of the test, and all its clients come down to `node:http`. */
export function recordSentRequests(): SentRequest[] {
  const sent: SentRequest[] = [];
  const bodies = new WeakMap<ClientRequest, Buffer[]>();
  subscribe('http.client.request.created', (message) => {
    const { request } = message as { request: ClientRequest };
    bodies.set(request, writtenTo(request));
  });
  subscribe('http.client.request.start', (message) => {
    const { request } = message as { request: ClientRequest };
    const headers = Object.fromEntries(
      Object.entries(request.getHeaders()).map(([name, value]) => [name.toLowerCase(), String(value)]),
    );
    if (notebookToken.test(headers['authorization'] ?? '')) return;
    const origin = `${request.protocol}//${headers['host'] ?? ''}`;
    const body = Buffer.concat(bodies.get(request) ?? []);
    sent.push({ origin, method: request.method, path: request.path, headers, body });
  });
  return sent;
}

type Original = (...args: unknown[]) => unknown;

/** The pieces of the request's body, as they are written. */
function writtenTo(request: ClientRequest): Buffer[] {
  const pieces: Buffer[] = [];
  const keeping =
    (original: Original) =>
    (...args: unknown[]): unknown => {
      const [piece] = args;
      if (typeof piece === 'string' || piece instanceof Uint8Array) pieces.push(Buffer.from(piece as Uint8Array));
      return original(...args);
    };
  const { write, end } = { write: request.write.bind(request), end: request.end.bind(request) };
  Object.assign(request, { write: keeping(write as Original), end: keeping(end as Original) });
  return pieces;
}

/** A token in a request's headers. */
export interface SentToken {
  header: string;
  token: string;
  /** The service that it is for. */
  audience: string;
}

/** The tokens of the directory that a request carries, in whatever header. */
export const tokensIn = ({ headers }: SentRequest): SentToken[] =>
  Object.entries(headers).flatMap(([header, value]) =>
    [...value.matchAll(/eyJ[\w-]+\.([\w-]+)\.[\w-]+/g)].map(([token, claims = '']) => ({
      header,
      token,
      audience: (JSON.parse(Buffer.from(claims, 'base64url').toString()) as { aud: string }).aud,
    })),
  );
