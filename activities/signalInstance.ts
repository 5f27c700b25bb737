import type { InvocationContext } from '@azure/functions';
import { getClient } from 'durable-functions';
import type { InstanceSignal } from '../domain/steps.ts';

/** Sends an external event to an orchestration of this app, which an orchestrator cannot do itself; one that is over takes none. */
export async function signalInstance({ instanceId, event }: InstanceSignal, ctx: InvocationContext): Promise<object> {
  await getClient(ctx).raiseEvent(instanceId, event, {});
  return {};
}
