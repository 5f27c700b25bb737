/** The wait that a Retry-After header asks for, in seconds: a number or a date (RFC 9110, 10.2.3); undefined when absent or neither. */
export function retryAfterSeconds(header: string | undefined, nowMs = Date.now()): number | undefined {
  const text = header?.trim() ?? '';
  // Date.parse alone would take "-5" and "soon 2099" for dates.
  const isDate = /^[A-Z][a-z]{2,8}, .+ GMT$/.test(text);
  if (!isDate && !/^\d+(\.\d+)?$/.test(text)) return undefined;
  const seconds = isDate ? (Date.parse(text) - nowMs) / 1000 : Number(text);
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}
