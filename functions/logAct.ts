import type { InvocationContext } from '@azure/functions';
import type { DurableOrchestrationStatus } from 'durable-functions';
import { acceleratorNameOf } from '../domain/ids.ts';
import type { DeployInput } from '../domain/steps.ts';

/** One JSON line for what somebody had done to a deployment. */
export function logAct(
  ctx: InvocationContext,
  evt: string,
  { instanceId, input }: DurableOrchestrationStatus,
  by: string | undefined,
): void {
  const { deployment } = input as DeployInput;
  ctx.log(
    JSON.stringify({
      evt,
      deployment: instanceId,
      attempt: deployment.attempt,
      accelerator: acceleratorNameOf(deployment),
      ...(by && { by }),
    }),
  );
}
