import type { DeployStatus } from './status.ts';

// Durable takes 16 kB of UTF-16 as custom status; some is left for what the backend adds.
const mostCharacters = 7800;

/**
 * Shortens the status until it fits as JSON, where quotes and backslashes count twice: the last warnings go first, then the
 * oldest lines of the failure's trace.
 */
export function fitStatus(status: DeployStatus): DeployStatus {
  while (JSON.stringify(status).length > mostCharacters) {
    if (status.warnings?.length) status.warnings.pop();
    else if (!shorten(status.failure)) break;
  }
  return status;
}

/** Takes one piece away; false when nothing is left to take. */
function shorten(failure: DeployStatus['failure']): boolean {
  if (failure?.trace?.length) {
    failure.trace.shift();
    return true;
  }
  const longest = (failure?.cause ?? '').length > 20 ? 'cause' : 'message';
  const text = failure?.[longest] ?? '';
  if (!failure || text.length <= 20) return false;
  failure[longest] = text.slice(0, text.length >> 1);
  return true;
}
