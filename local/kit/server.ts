import type { IncomingMessage, ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { Faults, type FaultRule } from '../faults/faults.ts';
import type { Certificate } from './certificate.ts';
import { type Clock, systemClock } from './clock.ts';
import { formatJson, parseJson } from './json.ts';
import { loopback, type Network } from './network.ts';
import type { ApiReply, ApiRequest, Router } from './router.ts';

/** One request that reached a server, for tests that count calls. */
export interface LoggedRequest {
  atMs: number;
  method: string;
  path: string;
  status: number | 'reset';
  /** The header, where the answer had it. */
  retryAfter?: string;
}

export interface ServerOptions {
  router: Router;
  /** Answers a request before any route is looked at (authentication, API version); undefined lets it pass. */
  guard?: (request: ApiRequest) => ApiReply | undefined;
  /** The answer when no route fits: an emulator names what it lacks. */
  unknownRoute: (request: ApiRequest) => ApiReply;
  /** The answer to what a handler throws, in the API's own error shape. */
  errorReply: (error: unknown) => ApiReply;
  /** Headers that every answer carries beside its own (request ids, remaining calls), those of faults apart. */
  replyHeaders?: (request: ApiRequest, reply: ApiReply) => Record<string, string>;
  /** What a request asks for where its path alone does not tell: faults and log know it as `<path>#<action>`. */
  actionOf?: (request: ApiRequest) => string | undefined;
  /** More control routes below `/__`, free of the guard, the faults and the log. */
  control?: Router;
  certificate?: Certificate;
  port?: number;
  clock?: Clock;
  /** Default: the loopback interface. */
  network?: Network;
}

export interface NamedRequest {
  method: string;
  path: string;
  userAgent: string;
}

/** Where a request stands: it has come, its effect is there and the reply is not sent, the reply is sent. */
export type RequestPhase = 'received' | 'applied' | 'replied';
export type RequestObserver = (phase: RequestPhase, request: NamedRequest) => void;

export interface ApiServer {
  /** `https://localhost:port`, or `http:` without a certificate. */
  url: string;
  port: number;
  faults: Faults;
  requests: LoggedRequest[];
  /** Requests that are being answered. */
  readonly inFlight: number;
  /** Called at each phase of each request that is logged, for those who act in between. */
  observers: RequestObserver[];
  close(): Promise<void>;
}

const requestLogLength = 5000;
/** Larger bodies are refused: they are held in memory. */
const bodyBytesMost = 256 * 2 ** 20;

/** Serves a router on localhost with fault rules around it (`POST`, `GET`, `DELETE /__faults`) and a log of requests (`GET /__requests`). */
export async function startServer(options: ServerOptions): Promise<ApiServer> {
  const { certificate, network = loopback, clock = systemClock } = options;
  const listener = (incoming: IncomingMessage, response: ServerResponse): void => {
    void respond(incoming, response);
  };
  const tell: RequestObserver = (phase, request) => {
    for (const observe of server.observers) observe(phase, request);
  };
  let inFlight = 0;
  const respond = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    inFlight++;
    const { reply, request } = await answer(incoming, options, server, clock);
    if (request) {
      logRequest(request, reply, server.requests, clock);
      tell('applied', request);
    }
    send(response, reply, incoming);
    inFlight--;
    if (request) tell('replied', request);
  };
  const served = await network.serve(listener, { port: options.port ?? 0, ...(certificate && { certificate }) });
  const server: ApiServer = {
    url: `${certificate ? 'https' : 'http'}://localhost:${served.port}`,
    port: served.port,
    faults: new Faults(),
    requests: [],
    observers: [],
    get inFlight() {
      return inFlight;
    },
    close: () => served.close(),
  };
  return server;
}

/** `half`: the connection is cut in the middle of the body. */
type Outcome = (ApiReply & { half?: boolean }) | 'reset';

interface Answered {
  reply: Outcome;
  /** As the log names it; undefined when it was asked by whoever steers the emulator, not by a client of the API. */
  request: NamedRequest | undefined;
}

async function answer(
  incoming: IncomingMessage,
  options: ServerOptions,
  server: ApiServer,
  clock: Clock,
): Promise<Answered> {
  const named: NamedRequest = {
    method: incoming.method ?? 'GET',
    path: incoming.url ?? '/',
    userAgent: incoming.headers['user-agent'] ?? '',
  };
  const isControl = named.path.startsWith('/__');
  try {
    const { request, rawPath } = await readRequest(incoming, options.certificate !== undefined);
    if (isControl) return { request: undefined, reply: await control(request, rawPath, options, server) };
    const action = options.actionOf?.(request);
    const suffix = action === undefined ? '' : `#${action}`;
    named.path += suffix;
    for (const observe of server.observers) observe('received', named);
    // Whoever asked may have gone at this very moment.
    if (incoming.socket.destroyed) return { request: named, reply: 'reset' };
    const fault = server.faults.take({ ...named, path: request.path + suffix, nowMs: clock.now() });
    return { request: named, reply: await disturbed(request, rawPath, options, fault, clock) };
  } catch (error) {
    const reply = error instanceof BodyTooLarge ? { status: 413 } : options.errorReply(error);
    return { request: isControl ? undefined : named, reply };
  }
}

async function disturbed(
  request: ApiRequest,
  rawPath: string,
  options: ServerOptions,
  fault: FaultRule | undefined,
  clock: Clock,
): Promise<Outcome> {
  if (fault?.latencyMs) await wait(clock, fault.latencyMs);
  if (fault && fault.when !== 'after' && disturbs(fault)) return faultReply(fault);
  const reply = await dispatch(request, rawPath, options);
  if (fault?.half) return { ...reply, half: true };
  if (fault?.rewrite) return fault.rewrite(reply);
  return fault && disturbs(fault) ? faultReply(fault) : reply;
}

async function dispatch(request: ApiRequest, rawPath: string, options: ServerOptions): Promise<ApiReply> {
  // A refusal is an answer like any other, so a fault set to strike afterwards still does.
  const reply = await handle(request, rawPath, options).catch(options.errorReply);
  return options.replyHeaders
    ? { ...reply, headers: { ...options.replyHeaders(request, reply), ...reply.headers } }
    : reply;
}

async function handle(request: ApiRequest, rawPath: string, options: ServerOptions): Promise<ApiReply> {
  const refusal = options.guard?.(request);
  if (refusal) return refusal;
  const route = options.router.match(request.method, rawPath);
  return route ? await route.handler({ ...request, params: route.params }) : options.unknownRoute(request);
}

const disturbs = (fault: FaultRule): boolean => fault.reset === true || fault.status !== undefined;

function faultReply(fault: FaultRule): Outcome {
  if (fault.reset) return 'reset';
  return { status: fault.status ?? 500, ...(fault.headers && { headers: fault.headers }), body: fault.body };
}

async function control(
  request: ApiRequest,
  rawPath: string,
  options: ServerOptions,
  { faults, requests }: ApiServer,
): Promise<ApiReply> {
  const action = `${request.method} ${request.path}`;
  if (action === 'POST /__faults') return { status: 201, body: faults.add(request.body as FaultRule) };
  if (action === 'GET /__faults') return { body: faults.list() };
  if (action === 'GET /__requests') return { body: requests };
  if (action === 'DELETE /__faults') {
    faults.clear();
    return { status: 204 };
  }
  const route = options.control?.match(request.method, rawPath);
  if (route) return await route.handler({ ...request, params: route.params });
  return { status: 404, body: { error: `unknown control path ${request.path}` } };
}

async function readRequest(
  incoming: IncomingMessage,
  secure: boolean,
): Promise<{ request: ApiRequest; rawPath: string }> {
  const bytes = unpacked(await readBytes(incoming), incoming.headers['content-encoding']);
  const [rawPath = '/', search = ''] = (incoming.url ?? '/').split('?', 2);
  const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
  const request: ApiRequest = {
    method: incoming.method ?? 'GET',
    path: decodeURIComponent(rawPath.replace(/\/{2,}/g, '/')),
    params: {},
    query: new URLSearchParams(search),
    headers,
    body: bytes.length === 0 ? undefined : readBody(bytes, headers['content-type']),
    bytes,
    origin: `${secure ? 'https' : 'http'}://${headers['host'] ?? 'localhost'}`,
  };
  return { request, rawPath };
}

class BodyTooLarge extends Error {}

async function readBytes(incoming: IncomingMessage): Promise<Buffer> {
  const { 'content-length': announced = '0', 'transfer-encoding': encoding } = incoming.headers;
  if (announced === '0' && !encoding) return Buffer.alloc(0);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > bodyBytesMost) throw new BodyTooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const unpacked = (bytes: Buffer, encoding: string | undefined): Buffer =>
  encoding === 'gzip' ? gunzipSync(bytes, { maxOutputLength: bodyBytesMost }) : bytes;

function readBody(bytes: Buffer, contentType = ''): unknown {
  if (/octet-stream|x-thrift|x-json-stream/.test(contentType)) return undefined;
  return contentType.includes('json') ? parseJson(bytes.toString()) : bytes.toString();
}

function logRequest({ method, path }: NamedRequest, reply: Outcome, requests: LoggedRequest[], clock: Clock): void {
  const status = reply === 'reset' ? reply : (reply.status ?? 200);
  // A signature is a credential.
  const shown = path.replace(/([?&]sig=)[^&#]*/g, '$1…');
  const retryAfter = reply === 'reset' ? undefined : reply.headers?.['retry-after'];
  requests.push({ atMs: clock.now(), method, path: shown, status, ...(retryAfter !== undefined && { retryAfter }) });
  if (requests.length > requestLogLength) requests.shift();
}

function send(response: ServerResponse, reply: Outcome, incoming: IncomingMessage): void {
  if (reply === 'reset') {
    incoming.socket.destroy();
    return;
  }
  const plain = typeof reply.body === 'string' || Buffer.isBuffer(reply.body);
  const content =
    reply.body === undefined || plain ? (reply.body as string | Buffer | undefined) : formatJson(reply.body);
  response.writeHead(reply.status ?? 200, {
    ...(content !== undefined && !plain && { 'content-type': 'application/json' }),
    ...reply.headers,
  });
  if (!reply.half) {
    response.end(content);
    return;
  }
  const bytes = Buffer.from(content ?? '');
  response.write(bytes.subarray(0, bytes.length >> 1), () => incoming.socket.destroy());
}

const wait = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => {
    clock.setTimer(clock.now() + ms, resolve);
  });
