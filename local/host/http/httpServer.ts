import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';
import { HostError } from '../hostError.ts';
import type { Answer, Exchange } from './exchange.ts';
import { empty } from './exchange.ts';

const longestBody = 100 * 1024 * 1024;
const graceMs = 2000;
// Kestrel's limits.
const longestHead = 32 * 1024;
const idleMs = 130_000;

export interface HttpServer {
  port: number;
  /** Requests that are being answered. */
  readonly inFlight: number;
  /** Stops listening, and cuts what is still being answered two seconds later. */
  close(): Promise<void>;
  /** Cuts everything at once. */
  cut(): void;
}

export interface ListenOptions {
  port: number;
  address: string;
  answer(exchange: Exchange): Promise<Answer>;
  failed(error: unknown): void;
}

/** Listens and passes each request, read whole, to `answer`; what that throws becomes an empty 500. */
export async function listen(options: ListenOptions): Promise<HttpServer> {
  let inFlight = 0;
  const server = createServer({ maxHeaderSize: longestHead, keepAliveTimeout: idleMs }, (request, response) => {
    inFlight++;
    response.once('close', () => inFlight--);
    void serve(request, response, options);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, options)));
    server.listen(options.port, options.address, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    get inFlight() {
      return inFlight;
    },
    close: () => close(server),
    cut() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function listenError(error: NodeJS.ErrnoException, { port, address }: ListenOptions): Error {
  if (error.code !== 'EADDRINUSE') return error;
  return new HostError(`Port ${port} of ${address} is taken: stop what listens there, or name another port.`);
}

// Requests that are being answered get a moment; idle connections none.
function close(server: Server): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  return new Promise((resolve) => {
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}

async function serve(request: IncomingMessage, response: ServerResponse, options: ListenOptions): Promise<void> {
  try {
    if (!isHost(request.headers.host)) return send(request, response, empty(400, { Connection: 'close' }));
    const exchange = await read(request);
    send(request, response, exchange ? await options.answer(exchange) : empty(500, { Connection: 'close' }));
  } catch (error) {
    options.failed(error);
    if (!response.headersSent) send(request, response, empty(500));
    else response.destroy();
  }
}

/** Whether Kestrel takes it for a Host header; it answers 400 to others. */
const isHost = (header = ''): boolean =>
  /^(?:\[[\da-f:.]+\]|[\w.~%!$&'()*+,;=-]+)(?::\d+)?$/i.test(header) && URL.canParse(`http://${header}`);

async function read(request: IncomingMessage): Promise<Exchange | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > longestBody) return undefined;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > longestBody) return undefined;
    chunks.push(chunk);
  }
  const url = request.url ?? '/';
  const at = url.indexOf('?');
  const path = at < 0 ? url : url.slice(0, at);
  const search = at < 0 ? '' : url.slice(at);
  const query = new URLSearchParams(search);
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(request.headersDistinct)) headers[name] = (values ?? []).join(',');
  const origin = `http://${request.headers.host ?? 'localhost'}`;
  return { method: request.method ?? 'GET', path, search, query, headers, body: Buffer.concat(chunks), origin };
}

function send(request: IncomingMessage, response: ServerResponse, given: Answer): void {
  // Kestrel sends no header with a character beyond ASCII: the request fails there, after its effect.
  const headers = given.headers ?? {};
  const isSendable = Object.values(headers).every((value) => /^[\t\u0020-\u007e]*$/.test(String(value)));
  const type = Object.entries(headers).filter(([name]) => name.toLowerCase() === 'content-type');
  const answer = isSendable ? given : { status: 500, headers: Object.fromEntries(type) };
  response.statusCode = answer.status;
  response.setHeader('Server', 'Kestrel');
  // Kestrel does not announce that a connection stays open.
  if (response.shouldKeepAlive) response.removeHeader('Connection');
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value);
  if (answer.stream) {
    // Whichever side breaks off takes the other with it.
    pipeline(answer.stream, response, () => undefined);
    return;
  }
  const body = request.method === 'HEAD' ? undefined : answer.body;
  if (body === undefined) {
    if (request.method !== 'HEAD' && ![204, 304].includes(answer.status)) response.setHeader('Content-Length', 0);
    response.end();
    return;
  }
  // Without a length, Node sends what is written before `end` in chunks.
  if (answer.chunked) response.write(body);
  else response.setHeader('Content-Length', Buffer.byteLength(body));
  response.end(answer.chunked ? undefined : body);
}
