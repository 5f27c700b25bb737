import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';

/** Sends JSON to a server of the local cloud, whose certificate `ca` (PEM) is trusted; throws on any status but 2xx. */
export async function sendJson(
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  url: string,
  ca: Buffer,
  headers: Record<string, string> = {},
  body?: object,
): Promise<unknown> {
  const content = body && JSON.stringify(body);
  const sent = request(url, {
    method,
    ca,
    headers: {
      ...headers,
      ...(content !== undefined && {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(content),
      }),
    },
  });
  sent.end(content);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const answer = await text(response);
  const { statusCode = 0 } = response;
  if (statusCode >= 300) throw new Error(`${method} ${url} answered ${statusCode}: ${answer.slice(0, 300)}`);
  return answer === '' ? undefined : JSON.parse(answer);
}
