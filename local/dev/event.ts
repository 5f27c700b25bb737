import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { localLocation, localResourceGroup } from '../cloud/localNames.ts';
import { personToken } from '../cloud/personToken.ts';
import { systemClock } from '../kit/clock.ts';
import { ensureSigningKey } from '../kit/tokens.ts';
import { sendJson } from '../stack/sendJson.ts';
import { readStack } from '../stack/startStack.ts';
import { devFolder } from './devFolder.ts';
import { eventWebhook } from './eventWebhook.ts';
import { sampleEvent } from './sampleEvent.ts';

const usage = `Usage: npm run dev:event -- [--workspace dbw-tagged] [--create] [--operation write|tags|delete] [--by me|app]
                         [--schema eventgrid|cloud] [--times 1]

Sends a sample event of the subscription, about a workspace, to the function app of npm run dev.
--create makes the workspace first, as a person, with the tags that ask for a deployment.`;

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    workspace: { ...text, default: 'dbw-tagged' },
    create: { type: 'boolean', default: false },
    operation: { ...text, default: 'write' },
    by: { ...text, default: 'me' },
    schema: { ...text, default: 'eventgrid' },
    times: { ...text, default: '1' },
    data: { ...text, default: devFolder },
    url: { ...text, default: 'http://localhost:7071' },
    help: { type: 'boolean', default: false },
  },
});

/** Makes the workspace where that is asked for, sends the event, and says what came back and what the app made of it. */
async function sendEvent(): Promise<void> {
  const { operation, schema, by, workspace, data: folder } = values;
  const times = Number(values.times);
  if (values.help || !isOneOf(operation, ['write', 'tags', 'delete']) || !isOneOf(schema, ['eventgrid', 'cloud']))
    return console.log(usage);
  if (!isOneOf(by, ['me', 'app']) || !Number.isInteger(times) || times < 1) return console.log(usage);
  const { settings } = readStack(folder);
  if (values.create) await makeWorkspace(folder, settings, workspace);
  const app = by === 'app' ? settings['AZURE_CLIENT_ID'] : undefined;
  const subscriptionId = settings['AZURE_SUBSCRIPTION_ID'] ?? '';
  const event = sampleEvent({ subscriptionId, workspace, operation, schema, ...(app && { applicationId: app }) });
  const url = eventWebhook(folder, values.url);
  const answers = await Promise.all(Array.from({ length: times }, () => deliver(url, event)));
  console.log(`Event ${idOf(event)} about ${workspace}: ${[...new Set(answers)].join(', ')}`);
  for (const line of await linesAbout(idOf(event), join(folder, 'host.log'), times)) console.log(line);
}

const isOneOf = <T extends string>(value: string, allowed: readonly T[]): value is T =>
  allowed.some((one) => one === value);
const idOf = (event: object): string => (event as { id: string }).id;

/** Puts a premium workspace into the local cloud as the person who owns the resource group. */
async function makeWorkspace(folder: string, settings: Record<string, string>, name: string): Promise<void> {
  const subscription = `/subscriptions/${settings['AZURE_SUBSCRIPTION_ID']}`;
  const path = `${subscription}/resourceGroups/${localResourceGroup}/providers/Microsoft.Databricks/workspaces/${name}`;
  const wish = {
    location: localLocation,
    sku: { name: 'premium' },
    tags: { accelerator: 'predicting-implied-volatility', 'accelerator.profile': 'small' },
    properties: {
      computeMode: 'Hybrid',
      managedResourceGroupId: `${subscription}/resourceGroups/databricks-rg-${name}`,
    },
  };
  const token = personToken(ensureSigningKey(join(folder, 'cloud', 'directory.key')), systemClock);
  await sendJson(
    'PUT',
    `${settings['AZURE_RESOURCE_MANAGER_URL']}${path}?api-version=2026-01-01`,
    readFileSync(settings['NODE_EXTRA_CA_CERTS'] ?? ''),
    { authorization: `Bearer ${token}` },
    wish,
  );
  console.log(`Azure makes the workspace ${name}, tagged ${JSON.stringify(wish.tags)}; its own event follows.`);
}

async function deliver(url: string, event: object): Promise<string> {
  const isCloud = 'specversion' in event;
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': isCloud ? 'application/cloudevents+json' : 'application/json',
      'aeg-event-type': 'Notification',
    },
    body: JSON.stringify(isCloud ? event : [event]),
  }).catch(() => {
    throw new Error('The function app does not answer: start it with npm run dev.');
  });
  return `${response.status} ${(await response.text()) || response.statusText}`;
}

/** What the app has logged about the event; it takes the host a moment to write it. */
async function linesAbout(id: string, logFile: string, count: number): Promise<string[]> {
  for (let tries = 0; ; tries++) {
    const lines = readFileSync(logFile, 'utf8').match(/\{"evt":"event\.received".*\}/g) ?? [];
    const found = lines.filter((line) => line.includes(`"event":"${id}"`));
    if (found.length >= count || tries === 20) return found;
    await pause(100);
  }
}

await sendEvent().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
