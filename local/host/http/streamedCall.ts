import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import type { AppRegistry, RegisteredFunction, TypedData } from '../core/appRegistry.ts';
import { invoke } from '../core/invoke.ts';
import type { Log } from '../log.ts';
import type { Answer, Exchange } from './exchange.ts';
import { empty, mergedQuery } from './exchange.ts';

export interface StreamedCall {
  app: AppRegistry;
  target: RegisteredFunction;
  /** Where the library takes the requests of apps that asked for HTTP streaming. */
  httpUri: string;
  exchange: Exchange;
  params: Record<string, string>;
  extra: Record<string, TypedData>;
  log: Log;
}

const hopByHop = new Set(['connection', 'keep-alive', 'transfer-encoding', 'date', 'server']);

/**
 * Calls a function of an app with HTTP streaming: the request goes to the library's own listener, and the answer comes
 * from there while the function writes it. Throws what the handler throws before it answers.
 */
export async function streamedCall(call: StreamedCall): Promise<Answer> {
  const { app, target, exchange, params, extra, log } = call;
  const invocationId = randomUUID();
  const forwarding = new AbortController();
  const answer = forward(call, invocationId, forwarding.signal);
  let isSilent = false;
  const input = {
    invocationId,
    trigger: { http: {} },
    triggerMetadata: metadataOf(exchange, params),
    extra,
    onResult: (result: unknown) => {
      isSilent = result === null || result === undefined;
    },
  };
  const invocation = invoke(app, target, input, log);
  const abandon = <Value>(value: Value): Value => {
    forwarding.abort();
    return value;
  };
  // The real host waits four minutes for the answer of a handler that threw or returned nothing.
  const ending = invocation.then(
    () => (isSilent ? abandon(empty(204)) : answer),
    (error: unknown) => {
      throw abandon(error);
    },
  );
  const first = await Promise.race([answer.catch(() => ending), ending]);
  ending.catch(() => undefined);
  return first;
}

function forward({ httpUri, exchange }: StreamedCall, invocationId: string, signal: AbortSignal): Promise<Answer> {
  const { method, path, search, headers, body } = exchange;
  const { host, 'transfer-encoding': _, connection: __, expect: ___, ...rest } = headers;
  const sent = {
    ...rest,
    'x-ms-invocation-id': invocationId,
    'x-forwarded-host': host ?? 'localhost',
    'x-forwarded-proto': 'http',
    ...(body.length > 0 ? { 'content-length': body.length } : {}),
  };
  return new Promise((resolve, reject) => {
    const sending = request(
      new URL(`${path}${search}`, httpUri),
      { method, headers: sent, signal, agent: false },
      (response) => {
        resolve({ status: response.statusCode ?? 500, headers: answerHeaders(response), stream: response });
      },
    );
    sending.on('error', reject);
    sending.end(body);
  });
}

function answerHeaders(response: IncomingMessage): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(response.headers))
    if (value !== undefined && !hopByHop.has(name)) headers[name] = value;
  return headers;
}

// The library takes headers and parameters from here; what the query holds counts as parameters too.
function metadataOf({ headers, query }: Exchange, params: Record<string, string>): Record<string, TypedData> {
  const metadata: Record<string, TypedData> = {};
  for (const [name, value] of [...mergedQuery(query), ...Object.entries(params)]) metadata[name] = { string: value };
  metadata['Query'] = { json: JSON.stringify(Object.fromEntries(mergedQuery(query))) };
  metadata['Headers'] = { json: JSON.stringify(headers) };
  return metadata;
}
