import type { InvocationContext } from '@azure/functions';
import type { ActivityHandler } from 'durable-functions';
import { beginAzureCalls } from '../clients/armTurns.ts';
import { toFailure } from '../domain/errors.ts';
import type { Outcome } from '../domain/outcome.ts';
import { redact } from '../domain/redact.ts';
import type { Step } from '../domain/steps.ts';

/**
 * Makes the durable activity of a step: its result or its failure comes back as plain data, so that the orchestrator can
 * tell a pause from an end, and one JSON line per call goes to the log.
 */
export function asActivity<I extends object, O>(
  step: Step<I, O>,
  perform: (input: I, ctx: InvocationContext) => Promise<O>,
): ActivityHandler {
  return async (input: unknown, ctx): Promise<Outcome<O>> => {
    const startedMs = Date.now();
    const instance = ctx.triggerMetadata?.['instanceId'];
    const line = { evt: 'step', step: step.name, instance };
    let end = (): void => undefined;
    try {
      if (step.azure) end = beginAzureCalls(JSON.stringify([instance, step.name]), step.azure);
      const value = await perform(input as I, ctx);
      ctx.log(JSON.stringify({ ...line, outcome: 'done', durationMs: Date.now() - startedMs }));
      return { value };
    } catch (error) {
      const failure = toFailure(error);
      const { code, message, retryable } = failure;
      ctx.warn(
        JSON.stringify({ ...line, outcome: 'failed', code, message, retryable, durationMs: Date.now() - startedMs }),
      );
      if (code === 'STEP_CRASHED' && error instanceof Error) ctx.error(redact(error.stack ?? ''));
      return { failure };
    } finally {
      end();
    }
  };
}
