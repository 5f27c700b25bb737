import { request } from 'node:http';

export interface Received {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: unknown;
}

/** Sends a request with exactly these headers, which `fetch` would not let through. */
export function send(
  port: number,
  method: string,
  path: string,
  headers: Record<string, string | string[]>,
  body: string | undefined,
): Promise<Received> {
  const isChunked = headers['transfer-encoding'] === 'chunked';
  const length = body === undefined || isChunked ? {} : { 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const sending = request(
      { host: '127.0.0.1', port, method, path, headers: { ...headers, ...length }, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: parsed(text) });
        });
      },
    );
    sending.on('error', reject);
    if (body !== undefined) sending.write(body);
    sending.end();
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
