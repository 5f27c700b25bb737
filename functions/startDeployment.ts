import type { HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import type { DurableClient } from 'durable-functions';
import { parseRequest } from '../domain/request.ts';
import { callerOf } from './caller.ts';
import { launch } from './launch.ts';
import { logAct } from './logAct.ts';
import { planDeployment } from './planDeployment.ts';
import { problem } from './problem.ts';
import { readJson } from './readJson.ts';
import { flag, readQuery } from './readQuery.ts';
import { statusReply } from './statusResource.ts';

/** POST /api/deployments: starts a deployment, or shows the one that the same request has started; `?dryRun=true` plans it. */
export async function startDeployment(
  http: HttpRequest,
  client: DurableClient,
  ctx: InvocationContext,
): Promise<HttpResponseInit> {
  const { dryRun } = readQuery(http, { dryRun: flag });
  const parsed = parseRequest(await readJson(http));
  if ('faults' in parsed)
    return problem('REQUEST_INVALID', `The request has ${parsed.faults.length} fault(s).`, parsed);
  if (dryRun) return planDeployment(client, parsed.request);
  const caller = callerOf(http);
  const { status, started } = await launch(client, parsed.request, caller);
  if (started) logAct(ctx, 'deployment.started', status, caller.name);
  return statusReply(http, client, status);
}
