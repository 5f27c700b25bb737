import type { HttpResponseInit } from '@azure/functions';
import type { DurableClient } from 'durable-functions';
import { computeReport } from '../activities/computeReport.ts';
import { type Readings, readings } from '../activities/readings.ts';
import { subscriptionReport } from '../activities/subscriptionReport.ts';
import { DeploymentError } from '../domain/errors.ts';
import { errorTable } from '../domain/errorTable.ts';
import { errorIn, type Finding } from '../domain/preflight.ts';
import { planOf } from '../domain/preflightPlan.ts';
import type { DeploymentRequest } from '../domain/request.ts';
import type { Deployment, SubscriptionReport } from '../domain/steps.ts';
import { consider } from './launch.ts';
import { deployerSettings } from './settings.ts';

/** The longest that all checks together may take; a caller waits for the answer. */
const checkSeconds = 25;

/**
 * 200 with what the deployment of the request would do and what stands against it. Reads only: nothing is started and
 * nothing written. Throws what a start throws for a target that is not allowed or is being deployed with another request.
 */
export async function planDeployment(client: DurableClient, request: DeploymentRequest): Promise<HttpResponseInit> {
  const considered = await consider(client, request);
  // Neither shows in a plan.
  const deployment = { ...considered.deployment, attempt: 1, stamp: 'plan' };
  const limited = readings.withinSeconds(checkSeconds);
  const report = await subscriptionReport({ ...deployment, at: new Date().toISOString() }, limited);
  const findings = [...report.findings, ...(await offersOf(deployment, report, limited))];
  const plan = planOf(deployment, report, findings, deployerSettings().EXPECTED_SECONDS);
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify(plan),
  };
}

/** What a workspace that is there offers; an address that may not be asked is an error of the plan. */
async function offersOf(
  deployment: Deployment,
  { workspace }: SubscriptionReport,
  limited: Readings,
): Promise<Finding[]> {
  if (typeof workspace === 'string' || workspace.host === undefined) return [];
  const { resourceId, host } = workspace;
  try {
    return (await computeReport({ ...deployment, workspace: { resourceId, host } }, limited)).findings;
  } catch (error) {
    if (!(error instanceof DeploymentError)) throw error;
    const { code, message } = error.failure;
    return [errorIn(code, message, errorTable[code].hint)];
  }
}
