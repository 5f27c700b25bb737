import type { InvocationContext } from '@azure/functions';
import type { DurableOrchestrationStatus } from 'durable-functions';
import type { DeployInput } from '../domain/steps.ts';

/** One JSON line for what somebody had done to a deployment. */
export function logAct(
  ctx: InvocationContext,
  evt: string,
  { instanceId, input }: DurableOrchestrationStatus,
  by: string | undefined,
): void {
  const { attempt, request } = (input as DeployInput).deployment;
  ctx.log(
    JSON.stringify({ evt, deployment: instanceId, attempt, accelerator: request.accelerator, ...(by && { by }) }),
  );
}
