import type { HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import { type DurableClient, type DurableOrchestrationStatus, OrchestrationRuntimeStatus } from 'durable-functions';
import { TerminalError } from '../domain/errors.ts';
import { deploymentId, identityNameFor } from '../domain/ids.ts';
import { type DeploymentRequest, parseRequest } from '../domain/request.ts';
import type { DeployInput, EarlierAttempt } from '../domain/steps.ts';
import { admit } from './admission.ts';
import { problem } from './problem.ts';
import { readJson } from './readJson.ts';
import { deployerSettings } from './settings.ts';
import { activeStates, isActive, isDeployment, statusOf, statusReply } from './statusResource.ts';

/** POST /api/deployments: starts a deployment, or shows the one that the same request has started already. */
export async function startDeployment(
  http: HttpRequest,
  client: DurableClient,
  ctx: InvocationContext,
): Promise<HttpResponseInit> {
  const parsed = parseRequest(await readJson(http));
  if ('faults' in parsed)
    return problem('REQUEST_INVALID', `The request has ${parsed.faults.length} fault(s).`, parsed);
  const { request } = parsed;
  const admitted = admit(request);
  if ('faults' in admitted) return problem('NOT_ALLOWED', 'The settings do not allow this target.', admitted);

  const { AZURE_SUBSCRIPTION_ID: subscriptionId, WEBSITE_AUTH_ENABLED } = deployerSettings();
  const id = deploymentId({ subscriptionId, ...request });
  const found = await statusOf(client, id);
  const known = found && isDeployment(found) ? found : undefined;
  const same = known && sameRequest(known, request, admitted.location);
  if (known && isActive(known) && !same) {
    return problem('DEPLOYMENT_CONFLICT', `The deployment ${id} of the same target is running with another request.`);
  }
  if (known && same && (isActive(known) || known.runtimeStatus === OrchestrationRuntimeStatus.Completed))
    return statusReply(http, client, known);

  await refuseTooMany(client);
  const input = inputOf(id, subscriptionId, request, admitted, known);
  // App Service sets the header when it authenticates; without that anyone could.
  const caller =
    WEBSITE_AUTH_ENABLED === 'True' ? http.headers.get('x-ms-client-principal-name')?.slice(0, 256) : undefined;
  await start(client, id, { ...input, ...(caller && { requestedBy: caller }) });
  ctx.log(
    JSON.stringify({
      evt: 'deployment.started',
      deployment: id,
      attempt: input.deployment.attempt,
      accelerator: request.accelerator,
    }),
  );
  return statusReply(http, client, await started(client, id));
}

export function inputOf(
  id: string,
  subscriptionId: string,
  request: DeploymentRequest,
  { accelerator, location }: Pick<DeployInput['deployment'], 'accelerator' | 'location'>,
  known: DurableOrchestrationStatus | undefined,
): DeployInput {
  const settings = deployerSettings();
  const earlierAttempts = known ? earlierAttemptsOf(known) : [];
  return {
    deployment: {
      id,
      attempt: earlierAttempts.length + 1,
      stamp: Date.now().toString(36),
      subscriptionId,
      request,
      location,
      accelerator,
    },
    polling: {
      floorSeconds: settings.POLL_FLOOR_SECONDS,
      ceilingSeconds: settings.POLL_CEILING_SECONDS,
      expectedSeconds: settings.EXPECTED_SECONDS,
    },
    earlierAttempts,
  };
}

function earlierAttemptsOf(known: DurableOrchestrationStatus): EarlierAttempt[] {
  const { deployment, earlierAttempts } = known.input as DeployInput;
  const last = {
    attempt: deployment.attempt,
    startedAt: new Date(known.createdTime).toISOString(),
    endedAt: new Date(known.lastUpdatedTime).toISOString(),
    outcome: known.runtimeStatus,
  };
  return [...earlierAttempts, last];
}

/** Whether both ask for the same, however they spell it: Azure's names know no case, and a default may be written out. */
function sameRequest(known: DurableOrchestrationStatus, request: DeploymentRequest, location: string): boolean {
  const { deployment } = known.input as DeployInput;
  return canonical(resolved(deployment.request, deployment.location)) === canonical(resolved(request, location));
}

const resolved = (request: DeploymentRequest, location: string): DeploymentRequest => ({
  ...request,
  location,
  resourceGroup: request.resourceGroup.toLowerCase(),
  workspaceName: request.workspaceName.toLowerCase(),
  identityName: (request.identityName ?? identityNameFor(request.workspaceName)).toLowerCase(),
});

/** JSON with sorted keys, so that equal requests have equal texts. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    item && typeof item === 'object' && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}

export async function refuseTooMany(client: DurableClient): Promise<void> {
  const { MAX_ACTIVE_DEPLOYMENTS: most } = deployerSettings();
  const all = await client.getStatusBy({
    runtimeStatus: activeStates,
  });
  const active = all.filter(isDeployment).length;
  if (active >= most)
    throw new TerminalError('TOO_MANY_DEPLOYMENTS', `${active} deployments are running; the settings allow ${most}.`);
}

/** Starts the orchestration; a twin that came first is as good. */
export async function start(client: DurableClient, id: string, input: DeployInput): Promise<void> {
  try {
    await client.startNew('deploy', { instanceId: id, input });
  } catch (error) {
    const twin = error instanceof Error && /\b409\b/.test(error.message) ? await statusOf(client, id) : undefined;
    if (!twin) throw error;
    if (!sameRequest(twin, input.deployment.request, input.deployment.location)) {
      throw new TerminalError(
        'DEPLOYMENT_CONFLICT',
        `The deployment ${id} of the same target was started with another request.`,
      );
    }
  }
}

async function started(client: DurableClient, id: string): Promise<DurableOrchestrationStatus> {
  const status = await statusOf(client, id);
  if (!status) throw new Error(`the deployment ${id} was started and is not there`);
  return status;
}
