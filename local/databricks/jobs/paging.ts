import { invalidParameter } from '../apiError.ts';

export interface Page<T> {
  items: T[];
  nextPageToken?: string;
}

/** One page of a list, by opaque token. */
export function pageOf<T>(items: T[], limit: number, token: string | undefined, offset = 0): Page<T> {
  const start = token === undefined ? offset : readToken(token);
  const end = start + limit;
  return {
    items: items.slice(start, end),
    ...(end < items.length && { nextPageToken: Buffer.from(`page:${end}`).toString('base64url') }),
  };
}

function readToken(token: string): number {
  const start = /^page:(\d+)$/.exec(Buffer.from(token, 'base64url').toString())?.[1];
  if (start === undefined) throw invalidParameter('Invalid page token.');
  return Number(start);
}
