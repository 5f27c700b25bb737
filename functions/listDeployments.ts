import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import type { DurableClient, DurableOrchestrationStatus } from 'durable-functions';
import * as v from 'valibot';
import { acceleratorNameOf } from '../domain/ids.ts';
import { type DeployStatus, stepTitles } from '../domain/status.ts';
import type { DeployInput } from '../domain/steps.ts';
import { readQuery } from './readQuery.ts';
import { isActive, isDeployment, stateOf } from './statusResource.ts';

const states = ['Running', 'Pending', 'Suspended', 'Completed', 'Failed', 'Terminated'] as const;

const parameters = {
  status: v.optional(v.picklist(states, `One of ${states.join(', ')}.`)),
  since: v.optional(
    v.pipe(
      v.string(),
      // The backend ignores what it cannot read, and would show all.
      v.check(
        (text) => /^\d{4}-/.test(text) && !Number.isNaN(Date.parse(text)),
        'A time such as 2026-11-23T00:00:00Z.',
      ),
    ),
  ),
  limit: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^\d{1,3}$/, 'A whole number from 1 to 200.'),
      v.transform(Number),
      v.minValue(1),
      v.maxValue(200),
    ),
    '50',
  ),
};

/** GET /api/deployments?status=&since=&limit=: the newest deployments first. The backend pages through all of them, so there is no cursor. */
export async function listDeployments(request: HttpRequest, client: DurableClient): Promise<HttpResponseInit> {
  const { status, since, limit } = readQuery(request, parameters);
  const all = await client.getStatusBy({
    createdTimeFrom: new Date(since ?? 0),
    ...(status && { runtimeStatus: [status] as DurableOrchestrationStatus['runtimeStatus'][] }),
  });
  const deployments = all
    .filter(isDeployment)
    .sort((a, b) => Number(new Date(b.createdTime)) - Number(new Date(a.createdTime)))
    .slice(0, limit)
    .map((one) => summary(one, new URL(request.url).origin));
  return { status: 200, headers: { 'cache-control': 'no-store' }, jsonBody: { deployments } };
}

function summary(status: DurableOrchestrationStatus, origin: string): Record<string, unknown> {
  const { deployment, requestedBy } = status.input as DeployInput;
  const custom = status.customStatus as DeployStatus | null;
  return {
    id: status.instanceId,
    runtimeStatus: status.runtimeStatus,
    state: stateOf(status),
    attempt: deployment.attempt,
    ...(requestedBy && { requestedBy }),
    accelerator: acceleratorNameOf(deployment),
    resourceGroup: deployment.request.resourceGroup,
    workspaceName: deployment.request.workspaceName,
    ...(custom && isActive(status) && { phase: stepTitles[custom.phase] }),
    ...(custom?.failure && { failure: { code: custom.failure.code, message: custom.failure.message } }),
    createdTime: status.createdTime,
    lastUpdatedTime: status.lastUpdatedTime,
    url: `${origin}/api/deployments/${status.instanceId}`,
  };
}
