import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Cloud, startCloud } from '../cloud/startCloud.ts';
import { acceleratorScript } from '../databricks/notebooks/acceleratorScript.ts';
import { scriptedCompute } from '../databricks/notebooks/scriptedCompute.ts';
import { eventWebhook } from '../dev/eventWebhook.ts';
import { sampleEvent } from '../dev/sampleEvent.ts';
import { systemClock } from '../kit/clock.ts';
import { type Figure, median, milliseconds } from '../kit/figure.ts';
import { noWait, startAndPost } from './firstAnswer.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const events = 5;
const pollSeconds = 60;
const workspace = 'dbw-bench-0';

/** Time from an event about a workspace in creation to the look that it makes the deployment take, which else comes by a timer. */
export async function eventToWake(): Promise<Figure> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const compute = scriptedCompute(acceleratorScript, systemClock);
  const latencies = { ...noWait, workspaceSeconds: 3600 };
  const cloud = await startCloud({ folder, repository: root, compute, latencies });
  const slow = { POLL_FLOOR_SECONDS: String(pollSeconds), POLL_CEILING_SECONDS: String(pollSeconds) };
  const host = await startAndPost(join(folder, 'host'), { ...cloud.settings, ...slow }, 0);
  const webhook = eventWebhook(folder, host.ready);
  const subscriptionId = cloud.settings['AZURE_SUBSCRIPTION_ID'] ?? '';
  const applicationId = cloud.settings['AZURE_CLIENT_ID'] ?? '';
  // The PUT that asks for the workspace; from then on the deployment waits.
  await until(() => looks(cloud, 'PUT') === 1);
  const took: number[] = [];
  for (let sent = 0; sent < events; sent++) {
    await pause(500);
    const before = looks(cloud, 'GET');
    const startedMs = performance.now();
    const event = sampleEvent({ subscriptionId, workspace, operation: 'write', applicationId, schema: 'eventgrid' });
    await deliver(webhook, event);
    await until(() => looks(cloud, 'GET') > before);
    took.push(performance.now() - startedMs);
  }
  await host.stop();
  await cloud.close();
  rmSync(folder, { recursive: true, force: true });
  return {
    name: `event to the look of the deployment that it wakes (median of ${events}; goal < 1 s)`,
    value: milliseconds(median(took)),
    against: `${(median(took) / 1000 / pollSeconds).toFixed(4)} × the timer that it is raced against (${pollSeconds} s)`,
  };
}

const looks = ({ azure }: Cloud, method: string): number =>
  azure.arm.requests.filter(
    (request) => request.method === method && request.path.includes(`/workspaces/${workspace}?`),
  ).length;

async function until(holds: () => boolean): Promise<void> {
  const endMs = performance.now() + 30_000;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error('What the bench waits for did not come within 30 seconds.');
    await pause(5);
  }
}

async function deliver(webhook: string, event: object): Promise<void> {
  const headers = { 'aeg-event-type': 'Notification', 'content-type': 'application/json' };
  const response = await fetch(webhook, { method: 'POST', headers, body: JSON.stringify([event]) });
  if (response.status !== 202) throw new Error(`The webhook answered ${response.status}: ${await response.text()}`);
}
