import { RetryableError } from '../domain/errors.ts';
import { failureIn } from '../domain/preflight.ts';
import type { CheckInput, SubscriptionReport } from '../domain/steps.ts';
import { readings } from './readings.ts';
import { subscriptionReport } from './subscriptionReport.ts';

/**
 * What stands against the deployment in Azure, and what is there already; reads only. Retryable: ROLE_MISSING, when a role
 * is all that is missing, because it may have been given minutes ago.
 */
export async function checkSubscription(input: CheckInput): Promise<SubscriptionReport> {
  const report = await subscriptionReport(input, readings.forStep);
  const errors = report.findings.filter(({ severity }) => severity === 'error');
  const failure = failureIn(errors)?.failure;
  if (failure && errors.every(({ code }) => code === 'ROLE_MISSING')) {
    throw new RetryableError('ROLE_MISSING', failure.message, { cause: failure.cause });
  }
  return report;
}
