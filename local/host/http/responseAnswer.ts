import type { TypedData } from '../core/appRegistry.ts';
import type { Answer } from './exchange.ts';
import { empty } from './exchange.ts';

interface RpcResponse {
  statusCode?: string;
  headers?: Record<string, string>;
  cookies?: RpcCookie[];
  body?: TypedData;
}

interface Nullable<Value> {
  value?: Value;
}

interface RpcCookie {
  name: string;
  value: string;
  domain?: Nullable<string>;
  path?: Nullable<string>;
  expires?: Nullable<{ seconds?: number } | Date | string>;
  secure?: Nullable<boolean>;
  httpOnly?: Nullable<boolean>;
  sameSite?: string;
  maxAge?: Nullable<number>;
}

/** The HTTP answer for what a function returned; 204 for nothing. */
export function responseAnswer(returned: TypedData | null | undefined): Answer {
  if (!returned) return empty(204);
  const { statusCode, headers = {}, cookies = [], body } = (returned.http ?? {}) as RpcResponse;
  const bytes = body?.bytes ?? (body?.string === undefined ? undefined : Buffer.from(body.string));
  return {
    status: Number(statusCode ?? 200),
    headers: withCookies(headers, cookies),
    ...(bytes && bytes.length > 0 ? { body: Buffer.from(bytes), chunked: true } : {}),
  };
}

function withCookies(headers: Record<string, string>, cookies: readonly RpcCookie[]): Answer['headers'] & object {
  if (cookies.length === 0) return headers;
  const { 'set-cookie': own, ...rest } = headers;
  return { ...rest, 'Set-Cookie': [...(own === undefined ? [] : [own]), ...cookies.map(cookieText)] };
}

function cookieText(cookie: RpcCookie): string {
  const { name, value, domain, path, expires, secure, httpOnly, sameSite, maxAge } = cookie;
  const parts = [`${name}=${escapeData(value)}`];
  if (expires?.value) parts.push(`expires=${expiryText(expires.value)}`);
  if (maxAge?.value !== undefined) parts.push(`max-age=${Math.trunc(maxAge.value)}`);
  if (domain?.value) parts.push(`domain=${domain.value}`);
  parts.push(`path=${path?.value ?? '/'}`);
  if (secure?.value) parts.push('secure');
  // What the library calls "none" is no wish at all.
  if (sameSite && sameSite !== 'none') parts.push(`samesite=${sameSite === 'explicitNone' ? 'none' : sameSite}`);
  if (httpOnly?.value) parts.push('httponly');
  return parts.join('; ');
}

// .NET also escapes what `encodeURIComponent` lets through.
function escapeData(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function expiryText(value: { seconds?: number } | Date | string): string {
  const isTimestamp = typeof value === 'object' && 'seconds' in value;
  return (isTimestamp ? new Date(Number(value.seconds) * 1000) : new Date(value as Date | string)).toUTCString();
}
