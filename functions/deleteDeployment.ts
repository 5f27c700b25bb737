import type { HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import { type DurableClient, type DurableOrchestrationStatus, OrchestrationRuntimeStatus } from 'durable-functions';
import * as v from 'valibot';
import { readRemoval } from '../activities/readRemoval.ts';
import { TerminalError } from '../domain/errors.ts';
import { deploymentId, isDeploymentId } from '../domain/ids.ts';
import { parseRequest } from '../domain/request.ts';
import type { RemovalQuestion } from '../domain/removal.ts';
import type { DestroyOutput } from '../domain/status.ts';
import type { Deployment, DestroyInput } from '../domain/steps.ts';
import { activeDeployments } from './activeDeployments.ts';
import { admitTarget } from './admission.ts';
import { callerOf } from './caller.ts';
import { deploymentOf, inputAfter, NotAllowed, requireDeployment } from './launch.ts';
import { logAct } from './logAct.ts';
import { problem } from './problem.ts';
import { flag, readQuery } from './readQuery.ts';
import { deployerSettings } from './settings.ts';
import { isActive, statusReply } from './statusResource.ts';

const planSeconds = 40;

const parameters = {
  data: flag,
  dryRun: flag,
  resourceGroup: v.optional(v.string()),
  workspaceName: v.optional(v.string()),
  accelerator: v.optional(v.string()),
  repositoryUrl: v.optional(v.string()),
  runmePath: v.optional(v.string()),
};

/**
 * DELETE /api/deployments/{id}: removes what the deployment made; with `?data=true` its results too; with `?dryRun=true` it
 * only says what that would be. One that the backend has forgotten is named by `?resourceGroup=&workspaceName=`.
 */
export async function deleteDeployment(
  http: HttpRequest,
  client: DurableClient,
  ctx: InvocationContext,
): Promise<HttpResponseInit> {
  const { data, dryRun, ...target } = readQuery(http, parameters);
  const id = http.params['id'] ?? '';
  const known = isDeploymentId(id) ? await deploymentOf(client, id) : undefined;
  const deployment = known ? (known.input as DestroyInput).deployment : deploymentAt(id, target);
  if (dryRun) return planned({ ...deployment, data, neighbours: await neighboursOf(client, deployment) });

  if (known && isActive(known) && known.name === 'deploy')
    return problem('DEPLOYMENT_ACTIVE', `The deployment ${id} is running.`);
  if (known && isSame(known, data)) return statusReply(http, client, known);
  if (known && isActive(known))
    return problem('DEPLOYMENT_CONFLICT', `The deployment ${id} is being deleted with another wish for its data.`);
  const caller = callerOf(http);
  // A deletion is no start, which the quotas count.
  const { starts: _starts, ...next } = inputAfter(known, deployment, caller);
  const starts = (known?.input as DestroyInput | undefined)?.starts;
  const neighbours = await neighboursOf(client, deployment);
  const input: DestroyInput = {
    ...next,
    ...(starts && { starts }),
    data,
    ...(neighbours.length > 0 && { neighbours }),
  };
  await start(client, id, input);
  const status = await requireDeployment(client, id);
  logAct(ctx, 'deployment.deletionStarted', status, caller.name);
  return statusReply(http, client, status);
}

/** Whether it is being deleted, or has been, and nothing would be left to do. */
function isSame(known: DurableOrchestrationStatus, data: boolean): boolean {
  if (known.name !== 'destroy') return false;
  if (isActive(known)) return (known.input as DestroyInput).data === data;
  if (known.runtimeStatus !== OrchestrationRuntimeStatus.Completed) return false;
  const output = known.output as DestroyOutput;
  return (output.data || !data) && !output.kept.some(({ inUse }) => inUse);
}

type Target = Partial<
  Record<'resourceGroup' | 'workspaceName' | 'accelerator' | 'repositoryUrl' | 'runmePath', string | undefined>
>;

/** The deployment of a target that the caller names, where the backend knows none; it has to be the one of the id. */
function deploymentAt(id: string, target: Target): Deployment {
  const { resourceGroup, workspaceName, repositoryUrl, runmePath } = target;
  if (!resourceGroup || !workspaceName)
    throw new TerminalError(
      'DEPLOYMENT_NOT_FOUND',
      'There is no record of this id. If it is only forgotten, name its target: ?resourceGroup=…&workspaceName=….',
    );
  // Any branch of a repository is the same target.
  const repository = repositoryUrl && { repositoryUrl, branch: 'main', ...(runmePath && { runmePath }) };
  const accelerator = repository || target.accelerator;
  const parsed = parseRequest({ resourceGroup, workspaceName, ...(accelerator && { accelerator }) });
  if ('faults' in parsed) throw new NotAllowed(parsed.faults);
  const { request } = parsed;
  const { AZURE_SUBSCRIPTION_ID: subscriptionId } = deployerSettings();
  if (deploymentId({ subscriptionId, ...request }) !== id)
    throw new TerminalError('DEPLOYMENT_NOT_FOUND', 'The id is not that of the target which the query names.');
  const admitted = admitTarget(request);
  if ('faults' in admitted) throw new NotAllowed(admitted.faults);
  return { id, attempt: 0, stamp: '', subscriptionId, request, ...admitted };
}

/** Other deployments that are running in the same workspace. One that is being deleted needs nothing of it any more. */
async function neighboursOf(client: DurableClient, { id, request }: Deployment): Promise<string[]> {
  const active = await activeDeployments(client, request);
  return active.flatMap(({ name, instanceId }) => (name === 'deploy' && instanceId !== id ? [instanceId] : []));
}

/** Reads what there is at once, in the time that a caller waits. */
async function planned(question: RemovalQuestion): Promise<HttpResponseInit> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new TerminalError('PLAN_TIMEOUT', `It was not read within ${planSeconds} seconds.`)),
    planSeconds * 1000,
  );
  try {
    const { plan } = await Promise.race([readRemoval(question), late]);
    const jsonBody = { id: question.id, dryRun: true, data: question.data, ...plan };
    return { status: 200, headers: { 'cache-control': 'no-store' }, jsonBody };
  } finally {
    clearTimeout(timer);
  }
}

/** Starts the orchestration; a twin that came first is as good. */
async function start(client: DurableClient, id: string, input: DestroyInput): Promise<void> {
  try {
    await client.startNew('destroy', { instanceId: id, input });
  } catch (error) {
    const twin = error instanceof Error && /\b409\b/.test(error.message) ? await deploymentOf(client, id) : undefined;
    if (!twin) throw error;
    if (twin.name !== 'destroy')
      throw new TerminalError('DEPLOYMENT_ACTIVE', `The deployment ${id} was started meanwhile.`);
  }
}
