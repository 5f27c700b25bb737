import type { PipelinePolicy } from '@azure/core-rest-pipeline';
import { RetryableError } from '../domain/errors.ts';
import type { AzureCalls } from '../domain/steps.ts';
import { Turns } from './turns.ts';

// What Azure Resource Manager grants a subscription, principal and region
// (azure-docs, azure-resource-manager/management/request-limits-and-throttling).
const reads = new Turns({ size: 250, perSecond: 25 });
const writes = new Turns({ size: 200, perSecond: 10 });

/**
 * Begins some calls of Azure, and gives the function that ends them. Throws AZURE_THROTTLED, with the seconds to wait, while
 * Azure could not take them with those that wait already: a burst of starts would else be refused again and again.
 */
export function beginAzureCalls(key: string, calls: AzureCalls): () => void {
  const both = [
    [reads, calls.reads],
    [writes, calls.writes],
  ] as const;
  const waitSeconds = Math.max(...both.map(([turns, count]) => turns.secondsBefore(key, count)));
  if (waitSeconds > 0) {
    for (const [turns, count] of both) turns.queue(key, count, waitSeconds);
    throw new RetryableError('AZURE_THROTTLED', 'Azure\u2019s limit of calls is reached for the moment.', {
      retryAfterSeconds: waitSeconds,
    });
  }
  const ends = both.map(([turns, count]) => turns.begin(key, count));
  return () => {
    for (const end of ends) end();
  };
}

/** Takes note of what each answer of Azure says is left. */
export const noteCallsLeft: PipelinePolicy = {
  name: 'noteCallsLeft',
  async sendRequest(request, next) {
    const response = await next(request);
    for (const [kind, turns] of [
      ['reads', reads],
      ['writes', writes],
    ] as const) {
      const left = Number(response.headers.get(`x-ms-ratelimit-remaining-subscription-${kind}`) ?? Number.NaN);
      if (Number.isFinite(left)) turns.told(left);
    }
    return response;
  },
};
