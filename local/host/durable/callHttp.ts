import { Wait } from './wait.ts';

/** The name under which the extension schedules `context.df.callHttp`. */
export const httpActivityName = 'BuiltIn::HttpActivity';

/** What an orchestrator asks `callHttp` for, as the SDK puts it. */
export interface HttpCall {
  method: string;
  uri: string;
  content?: string;
  headers?: Record<string, string | string[]>;
  tokenSource?: unknown;
  asynchronousPatternEnabled?: boolean;
}

interface HttpCallResult {
  statusCode: number;
  headers: Record<string, string | string[]>;
  content: string;
}

export interface CallMeans {
  /** How long to pause where an answer names no time, in milliseconds. */
  pauseMs: number;
  call(input: HttpCall): Wait;
  wait(ms: number): Wait;
}

/** Settles with the call's answer; one of 202 is followed by timers and further calls until there is another one. */
export function followedCall(first: HttpCall, means: CallMeans): Wait {
  const whole = new Wait();
  const start = (input: HttpCall): void => {
    const task = means.call(input);
    task.whenSettled(() => {
      const next = task.failed ? undefined : followUp(input, task.result ?? '{}', means.pauseMs);
      if (next) means.wait(next.delayMs).whenSettled(() => start(next.call));
      else whole.settle(task.failed);
    });
  };
  start(first);
  return whole;
}

// Where and after how many milliseconds to look again; undefined when the answer is the last one.
function followUp(
  call: HttpCall,
  resultJson: string,
  pauseMs: number,
): { call: HttpCall; delayMs: number } | undefined {
  const { statusCode, headers } = JSON.parse(resultJson) as HttpCallResult;
  const location = headers['Location'];
  if (statusCode !== 202 || call.asynchronousPatternEnabled === false || typeof location !== 'string') return undefined;
  const seconds = headers['Retry-After'];
  // The key of a function is not the key of its status.
  const { 'x-functions-key': _, ...kept } = call.headers ?? {};
  const next = {
    method: 'GET',
    uri: location,
    headers: kept,
    ...(call.tokenSource ? { tokenSource: call.tokenSource } : {}),
  };
  return { call: next, delayMs: seconds === undefined ? pauseMs : Number(seconds) * 1000 };
}

const limitMs = 100_000;
// .NET keeps these apart from the headers of the response.
const contentHeaders = /^(content-.*|allow|expires|last-modified)$/;

/** Makes the call and returns its answer as JSON text, with headers as .NET names them; throws when there is no answer. */
export async function makeHttpCall(input: string | null): Promise<string> {
  const { method, uri, content, headers = {}, tokenSource } = JSON.parse(input ?? '{}') as HttpCall;
  if (tokenSource) throw new Error('This host does not implement the tokenSource of callHttp.');
  const sent = new Headers();
  for (const [name, value] of Object.entries(headers)) for (const one of [value].flat()) sent.append(name, one);
  if (content !== undefined && !sent.has('content-type')) sent.set('content-type', 'text/plain');
  const response = await fetch(uri, {
    method,
    headers: sent,
    signal: AbortSignal.timeout(limitMs),
    ...(content === undefined ? {} : { body: content }),
  }).catch((error: unknown) => {
    throw new Error(reasonOf(error, uri));
  });
  const result: HttpCallResult = { statusCode: response.status, headers: {}, content: await response.text() };
  for (const [name, value] of response.headers)
    if (!contentHeaders.test(name) && name !== 'set-cookie') result.headers[knownNames.get(name) ?? name] = value;
  const cookies = response.headers.getSetCookie();
  const [only] = cookies;
  if (only !== undefined) result.headers['Set-Cookie'] = cookies.length === 1 ? only : cookies;
  return JSON.stringify(result);
}

// .NET has one spelling for names that it knows; others stay as they came, here in lower case.
const knownNames = new Map(
  (
    'Accept-Ranges Access-Control-Allow-Credentials Access-Control-Allow-Headers Access-Control-Allow-Methods ' +
    'Access-Control-Allow-Origin Access-Control-Expose-Headers Access-Control-Max-Age Age Alt-Svc Cache-Control ' +
    'Connection Date ETag Keep-Alive Link Location P3P Pragma Proxy-Authenticate Retry-After Server ' +
    'Strict-Transport-Security Trailer Transfer-Encoding Upgrade Vary Via Warning WWW-Authenticate ' +
    'X-AspNet-Version X-Content-Type-Options X-Frame-Options X-Powered-By X-Request-ID X-UA-Compatible X-XSS-Protection'
  )
    .split(' ')
    .map((name) => [name.toLowerCase(), name]),
);

// As .NET's HttpRequestException says it.
function reasonOf(error: unknown, uri: string): string {
  const { host, port, protocol, hostname } = new URL(uri);
  const place = `(${port ? host : `${hostname}:${protocol === 'https:' ? 443 : 80}`})`;
  const { cause, message } = error as { cause?: { code?: string; message?: string }; message: string };
  if (cause?.code === 'ECONNREFUSED') return `Connection refused ${place}`;
  if (cause?.code === 'ENOTFOUND') return `Name or service not known ${place}`;
  return cause?.message ?? message;
}
