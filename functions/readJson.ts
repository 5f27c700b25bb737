import type { HttpRequest } from '@azure/functions';
import { TerminalError } from '../domain/errors.ts';
import { repeatedKey } from './repeatedKey.ts';

const largestBody = 16 * 1024;

/** The request's JSON; throws REQUEST_TOO_LARGE or REQUEST_NOT_JSON, and REQUEST_INVALID when a key stands twice in an object. */
export async function readJson(request: HttpRequest): Promise<unknown> {
  const body = await readOptionalJson(request);
  if (body === undefined)
    throw new TerminalError('REQUEST_NOT_JSON', 'The body is empty, or was sent chunked and did not arrive.');
  return body;
}

/** The same, undefined when the body is empty. */
export async function readOptionalJson(request: HttpRequest): Promise<unknown> {
  if (Number(request.headers.get('content-length') ?? 0) > largestBody) throw tooLarge();
  const bytes = await request.arrayBuffer();
  if (bytes.byteLength > largestBody) throw tooLarge();
  const text = decoded(bytes);
  if (text.trim() === '') return undefined;
  const body = parse(text);
  const repeated = repeatedKey(text, body);
  if (repeated !== undefined)
    throw new TerminalError('REQUEST_INVALID', `The key ${JSON.stringify(repeated)} stands twice in one object.`);
  return body;
}

/** Not `request.text()`, which puts a replacement in the place of what is no UTF-8, in silence. */
function decoded(bytes: ArrayBuffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new TerminalError('REQUEST_NOT_JSON', 'The body is not UTF-8.');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new TerminalError('REQUEST_NOT_JSON', error instanceof Error ? error.message : 'The body is not JSON.');
  }
}

const tooLarge = (): TerminalError =>
  new TerminalError('REQUEST_TOO_LARGE', `A request has at most ${largestBody / 1024} kB.`);
