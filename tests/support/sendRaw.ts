import { Agent, type IncomingHttpHeaders, request } from 'node:http';

/** A request as it goes over the wire, without anything that a client would mend or refuse. */
export interface RawRequest {
  method: string;
  /** With the query, percent-encoded as it is sent. */
  path: string;
  headers: Record<string, string>;
  body: Buffer;
  /** Sends the body in chunks, so that its length is not announced. */
  chunked: boolean;
}

export interface RawAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

const hangingMs = 15_000;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** Sends one request, a GET without a body unless told otherwise; rejects when nothing comes back. */
export function sendRaw(port: number, asked: Partial<RawRequest> & { path: string }): Promise<RawAnswer> {
  const { method = 'GET', path, headers, body = Buffer.alloc(0), chunked = false } = asked;
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>();
  const length = chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(body.length) };
  const all = { host: `localhost:${port}`, ...length, ...headers };
  const sent = request(
    { host: '127.0.0.1', port, method, path, agent, timeout: hangingMs, headers: all },
    (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response;
        resolve({ status, headers, text: Buffer.concat(chunks).toString() });
      });
    },
  );
  sent.on('timeout', () => sent.destroy(new Error(`no answer within ${hangingMs / 1000} seconds`)));
  sent.on('error', reject);
  sent.end(body);
  return promise;
}
