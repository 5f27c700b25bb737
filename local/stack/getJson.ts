import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { text } from 'node:stream/consumers';

/** GETs JSON from a server of the local cloud, whose certificate `ca` (PEM) is trusted; throws on any status but 200. */
export async function getJson(url: string, ca: Buffer, headers: Record<string, string> = {}): Promise<unknown> {
  const [response] = (await once(get(url, { ca, headers }), 'response')) as [IncomingMessage];
  const body = await text(response);
  if (response.statusCode !== 200) throw new Error(`${url} answered ${response.statusCode}: ${body.slice(0, 300)}`);
  return JSON.parse(body);
}
