import type { HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import type { DurableClient } from 'durable-functions';
import { callerName } from './caller.ts';
import { requireDeployment } from './launch.ts';
import { logAct } from './logAct.ts';
import { problem } from './problem.ts';
import { readQuery } from './readQuery.ts';
import { isActive, stateOf, statusReply } from './statusResource.ts';

/**
 * POST /api/deployments/{id}/cancel: asks a deployment to end. The backend keeps the request until the orchestration has
 * read it; asked again, the answer is the same. One that ends first has ended as it says.
 */
export async function cancelDeployment(
  http: HttpRequest,
  client: DurableClient,
  ctx: InvocationContext,
): Promise<HttpResponseInit> {
  readQuery(http, {});
  const known = await requireDeployment(client, http.params['id']);
  if (isActive(known) && known.name === 'destroy')
    return problem('DEPLOYMENT_ACTIVE', 'The deployment is being deleted, which cannot be cancelled.');
  const state = stateOf(known);
  if (!isActive(known) && state !== 'Cancelled')
    return problem('DEPLOYMENT_OVER', `The deployment has ended: ${state}.`);
  if (isActive(known)) {
    const by = callerName(http);
    await client.raiseEvent(known.instanceId, 'cancel', { ...(by && { by }) });
    logAct(ctx, 'deployment.cancelAsked', known, by);
  }
  return statusReply(http, client, await requireDeployment(client, known.instanceId));
}
