import { createHmac, createSecretKey, randomBytes, timingSafeEqual, type KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from './clock.ts';

/** What an access token of the local directory says of its bearer; times are seconds since 1970. */
export interface TokenClaims {
  aud: string;
  iss: string;
  tid: string;
  oid: string;
  appid: string;
  iat: number;
  nbf: number;
  exp: number;
}

/** Reads the signing key in `file`, or makes one. Every emulator of one cloud shares it. */
export function ensureSigningKey(file: string): KeyObject {
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, randomBytes(32), { mode: 0o600 });
  }
  return createSecretKey(readFileSync(file));
}

/** A JWT (HS256) with the claims; the local stand-in for what Entra ID signs. */
export function signToken(claims: TokenClaims, key: KeyObject): string {
  const content = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${content}.${signature(content, key)}`;
}

/** The claims of a token that is genuine, for this audience and in its time; otherwise the reason why it is refused. */
export function verifyToken(
  token: string,
  audiences: string[],
  key: KeyObject,
  clock: Clock,
): TokenClaims | { refused: string } {
  const [header, body, sign] = token.split('.');
  if (!header || !body || !sign) return { refused: 'The access token is malformed.' };
  const expected = Buffer.from(signature(`${header}.${body}`, key));
  const given = Buffer.from(sign);
  if (expected.length !== given.length || !timingSafeEqual(expected, given)) {
    return { refused: 'The signature of the access token is not valid.' };
  }
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as TokenClaims;
  const nowSeconds = clock.now() / 1000;
  if (nowSeconds >= claims.exp) return { refused: 'The access token expired.' };
  if (nowSeconds < claims.nbf - 300) return { refused: 'The access token is not valid yet.' };
  if (!audiences.some((audience) => trimSlash(audience) === trimSlash(claims.aud))) {
    return { refused: `The audience '${claims.aud}' of the access token is not accepted here.` };
  }
  return claims;
}

const trimSlash = (text: string): string => text.replace(/\/+$/, '');
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const signature = (content: string, key: KeyObject): string =>
  createHmac('sha256', key).update(content).digest('base64url');
