import { createHmac, timingSafeEqual } from 'node:crypto';
import { deployerSettings } from './settings.ts';

/**
 * The link by which anyone who holds it can read one deployment and nothing else, until it expires. Durable's own
 * management links would carry a key to every instance.
 */
export function statusLink(origin: string, id: string, nowMs = Date.now()): string {
  const { STATUS_LINK_KEY: key, STATUS_LINK_HOURS: hours } = deployerSettings();
  const expires = Math.floor(nowMs / 1000 + hours * 3600);
  return linkOf(origin, id, String(expires), signatureOf(id, expires, key));
}

/** The link with this expiry and signature, and nothing else in it. */
export const linkOf = (origin: string, id: string, expires: string, signature: string): string =>
  `${origin}/api/deployments/${id}/status?expires=${expires}&signature=${signature}`;

/** Whether expiry and signature are those of a link to this deployment. */
export function isStatusLink(
  id: string,
  expires: string | null,
  signature: string | null,
  nowMs = Date.now(),
): boolean {
  if (!expires || !signature || !/^\d{1,12}$/.test(expires) || Number(expires) * 1000 < nowMs) return false;
  const expected = Buffer.from(signatureOf(id, Number(expires), deployerSettings().STATUS_LINK_KEY));
  const given = Buffer.from(signature);
  return expected.length === given.length && timingSafeEqual(expected, given);
}

const signatureOf = (id: string, expires: number, key: string): string =>
  createHmac('sha256', key).update(`${id}\n${expires}`).digest('base64url');
