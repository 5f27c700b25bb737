import type { HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import type { DurableClient, DurableOrchestrationStatus } from 'durable-functions';
import * as v from 'valibot';
import { watchInstanceId } from '../domain/ids.ts';
import type { Outcome } from '../domain/outcome.ts';
import { faultsIn, retryRequest } from '../domain/request.ts';
import { keptFrom } from '../domain/resume.ts';
import type { DeployStatus, WatchResult } from '../domain/status.ts';
import type { DeployInput } from '../domain/steps.ts';
import { callerOf } from './caller.ts';
import { relaunch, requireDeployment } from './launch.ts';
import { logAct } from './logAct.ts';
import { problem } from './problem.ts';
import { readOptionalJson } from './readJson.ts';
import { readQuery } from './readQuery.ts';
import { isActive, stateOf, statusOf, statusReply } from './statusResource.ts';

/**
 * POST /api/deployments/{id}/retry: the next attempt of a deployment that is over. It goes on at the step that failed or
 * was cancelled and keeps what was there; `{"rerun": true}` runs the accelerator of a successful one again.
 */
export async function retryDeployment(
  http: HttpRequest,
  client: DurableClient,
  ctx: InvocationContext,
): Promise<HttpResponseInit> {
  readQuery(http, {});
  const parsed = v.safeParse(retryRequest, (await readOptionalJson(http)) ?? {});
  if (!parsed.success)
    return problem('REQUEST_INVALID', 'The request has faults.', { faults: faultsIn(parsed.issues) });
  const { rerun } = parsed.output;
  const known = await requireDeployment(client, http.params['id']);
  if (isActive(known)) return problem('DEPLOYMENT_ACTIVE', 'The deployment is not over yet.');
  const state = stateOf(known);
  if (known.name === 'destroy')
    return problem('DEPLOYMENT_DELETED', 'What the deployment made has been removed, or a deletion has begun to.');
  if (state === 'Succeeded' && !rerun) return problem('NOTHING_TO_RETRY', 'The deployment has succeeded.');

  const custom = known.customStatus as DeployStatus | null;
  const kept = keptFrom(custom, known.input as DeployInput, await watchResult(client, known));
  const caller = callerOf(http);
  const { status, started } = await relaunch(client, known, kept, caller);
  if (started) logAct(ctx, 'deployment.retried', status, caller.name);
  return statusReply(http, client, status);
}

/** What the notebooks of the last attempt ended with, if they did. */
async function watchResult(
  client: DurableClient,
  { instanceId, input }: DurableOrchestrationStatus,
): Promise<WatchResult | undefined> {
  const { deployment, kept } = input as DeployInput;
  if (kept?.notebooks) return { ...kept.notebooks, waitedSeconds: 0 };
  const watch = await statusOf(client, watchInstanceId(instanceId, deployment.attempt));
  const outcome = (watch?.output ?? undefined) as Outcome<WatchResult> | undefined;
  return outcome && 'value' in outcome ? outcome.value : undefined;
}
