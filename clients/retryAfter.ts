/** The wait that a Retry-After header asks for, in seconds: a number or a date (RFC 9110, 10.2.3); undefined when absent or neither. */
export function retryAfterSeconds(header: string | undefined, nowMs = Date.now()): number | undefined {
  if (!header) return undefined;
  const seconds = /^\s*\d+(\.\d+)?\s*$/.test(header) ? Number(header) : (Date.parse(header) - nowMs) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}
