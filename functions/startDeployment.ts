import type { HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import type { DurableClient } from 'durable-functions';
import { parseRequest } from '../domain/request.ts';
import { callerName } from './caller.ts';
import { launch } from './launch.ts';
import { logAct } from './logAct.ts';
import { problem } from './problem.ts';
import { readJson } from './readJson.ts';
import { statusReply } from './statusResource.ts';

/** POST /api/deployments: starts a deployment, or shows the one that the same request has started already. */
export async function startDeployment(
  http: HttpRequest,
  client: DurableClient,
  ctx: InvocationContext,
): Promise<HttpResponseInit> {
  const parsed = parseRequest(await readJson(http));
  if ('faults' in parsed)
    return problem('REQUEST_INVALID', `The request has ${parsed.faults.length} fault(s).`, parsed);
  const by = callerName(http);
  const { status, started } = await launch(client, parsed.request, by);
  if (started) logAct(ctx, 'deployment.started', status, by);
  return statusReply(http, client, status);
}
