import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where Event Grid would send the subscription's events: the webhook of the stack's host, with its system key. */
export function eventWebhook(folder: string, origin: string): string {
  const keys = JSON.parse(readFileSync(join(folder, 'host', 'keys.json'), 'utf8')) as { eventGrid: string };
  return `${origin}/runtime/webhooks/EventGrid?functionName=onSubscriptionEvent&code=${keys.eventGrid}`;
}
