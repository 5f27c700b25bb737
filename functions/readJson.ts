import type { HttpRequest } from '@azure/functions';
import { TerminalError } from '../domain/errors.ts';

const largestBody = 16 * 1024;

/** The request's JSON; throws REQUEST_TOO_LARGE or REQUEST_NOT_JSON. */
export async function readJson(request: HttpRequest): Promise<unknown> {
  if (Number(request.headers.get('content-length') ?? 0) > largestBody) throw tooLarge();
  const text = await request.text();
  if (new TextEncoder().encode(text).length > largestBody) throw tooLarge();
  if (text.trim() === '')
    throw new TerminalError('REQUEST_NOT_JSON', 'The body is empty, or was sent chunked and did not arrive.');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new TerminalError('REQUEST_NOT_JSON', error instanceof Error ? error.message : 'The body is not JSON.');
  }
}

const tooLarge = (): TerminalError =>
  new TerminalError('REQUEST_TOO_LARGE', `A request has at most ${largestBody / 1024} kB.`);
