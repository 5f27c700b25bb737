import type { InvocationContext } from '@azure/functions';
import { hasInsights, sendEvents } from '../clients/insights.ts';
import { toFailure } from '../domain/errors.ts';
import { type ReportInput, telemetryEvents } from '../domain/telemetry.ts';

/**
 * Tells how a deployment went: to Application Insights where it is configured, else in lines of JSON in the log, which
 * also take what could not be sent. Fails never: a deployment that is over stays as it ended.
 */
export async function report(
  input: ReportInput,
  ctx: Pick<InvocationContext, 'log' | 'warn'>,
): Promise<{ events: number }> {
  const events = telemetryEvents(input);
  if (!(await areSent())) {
    for (const { name, properties, measurements } of events)
      ctx.log(JSON.stringify({ evt: name, ...properties, ...measurements }));
  }
  return { events: events.length };

  async function areSent(): Promise<boolean> {
    try {
      if (!hasInsights()) return false;
      await sendEvents(input.deployment, events);
      return true;
    } catch (error) {
      const { message } = toFailure(error);
      ctx.warn(JSON.stringify({ evt: 'telemetry', outcome: 'failed', deployment: input.deployment, message }));
      return false;
    }
  }
}
