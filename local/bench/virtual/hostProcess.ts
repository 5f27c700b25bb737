import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setDefaultCACertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import type { StatusResource } from '../../../domain/status.ts';
import { localResourceGroup } from '../../cloud/localNames.ts';
import type { LogEntry } from '../../host/log.ts';
import { type Host, startHost } from '../../host/startHost.ts';
import { VirtualClock } from '../../kit/clock.ts';
import { nameOf } from './protocol.ts';
import type { Ended, Runs, RunsReport } from './runDeployments.ts';
import { forkCloud } from './virtualCloud.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
/** The app's own limits out of the way: of callers, and of waits that are drawn very long. */
const unbounded = {
  MAX_ACTIVE_DEPLOYMENTS: '10000',
  MAX_STARTS_PER_HOUR: '10000',
  LIMIT_SECONDS: '{"storage": 7200, "warehouse": 7200}',
};
/** As many starts are asked for at the same time; each lists all that run. */
const startsTogether = 8;

process.once('message', (runs: Runs) => {
  deployAll(runs).then(
    (report) => process.send?.(report, () => process.exit(0)),
    (error: Error) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit(1));

/** Brings all deployments to their ends in virtual time, the host in this process and the cloud in another. */
async function deployAll({ waits, apartSeconds, folder, settings: own }: Runs): Promise<RunsReport> {
  const clock = new VirtualClock(Date.now());
  const startMs = clock.now();
  const cloud = forkCloud();
  const { settings, ca } = await cloud.ask<'start'>({ kind: 'start', folder: join(folder, 'cloud'), startMs, waits });
  setDefaultCACertificates([ca]);
  const seen = { activities: 0, failures: {} as Record<string, number>, endsMs: new Map<string, number>() };
  const host = await startHost({
    appFolder: root,
    dataFolder: join(folder, 'host'),
    clock,
    settings: { ...usual(settings), ...unbounded, ...own },
    log: (entry) => note(entry, clock, seen),
  });
  const cpuBefore = process.cpuUsage();
  const ids: string[] = [];
  const dueMs = (index: number): number => startMs + index * apartSeconds * 1000;
  while (seen.endsMs.size < waits.length) {
    const due = waits.filter((_, index) => index >= ids.length && dueMs(index) <= clock.now()).length;
    for (let left = due; left > 0; left -= startsTogether)
      ids.push(...(await startSome(host, ids.length, Math.min(left, startsTogether))));
    await host.idle();
    if (seen.endsMs.size === waits.length) break;
    const { dueMs: cloudDue } = await cloud.ask<'nextDue'>({ kind: 'nextDue' });
    const dues = [cloudDue, clock.nextDue(), ids.length < waits.length ? dueMs(ids.length) : undefined];
    const known = dues.filter((each) => each !== undefined);
    if (known.length === 0) throw new Error('Nothing is due any more, and not all deployments have ended.');
    const ms = Math.min(...known);
    await cloud.ask<'advanceTo'>({ kind: 'advanceTo', ms });
    clock.advanceTo(ms);
  }
  const cpu = process.cpuUsage(cpuBefore);
  const report: RunsReport = {
    deployments: await Promise.all(
      ids.map((id, index) => endOf(host, id, nameOf(index), dueMs(index), seen.endsMs.get(id) ?? Number.NaN)),
    ),
    cloud: await cloud.ask<'report'>({ kind: 'report' }),
    work: host.work(),
    failures: seen.failures,
    hours: (clock.now() - startMs) / 3_600_000,
    memoryBytes: mostMemory(),
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
  };
  await host.stop();
  await cloud.close();
  return report;
}

/** The most that this process has held; the system's own figure of its resources would count the process that started it. */
function mostMemory(): number {
  const status = process.platform === 'linux' ? readFileSync('/proc/self/status', 'utf8') : '';
  const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1];
  return 1024 * (kilobytes === undefined ? process.resourceUsage().maxRSS : Number(kilobytes));
}

/** The cloud's settings without how often to look: that is the app's own choice here. */
function usual(settings: Record<string, string>): Record<string, string> {
  const { POLL_FLOOR_SECONDS: _floor, POLL_CEILING_SECONDS: _ceiling, EXPECTED_SECONDS: _expected, ...rest } = settings;
  return rest;
}

interface Seen {
  failures: Record<string, number>;
  endsMs: Map<string, number>;
}

function note({ category, functionName, instanceId = '', message }: LogEntry, clock: VirtualClock, seen: Seen): void {
  if (category === 'host' && functionName === 'deploy') seen.endsMs.set(instanceId, clock.now());
  const code =
    category === 'user' &&
    /^\{"evt":"step","step":"\w+","instance":"[^"]*","outcome":"failed","code":"(\w+)"/.exec(message)?.[1];
  if (code) seen.failures[code] = (seen.failures[code] ?? 0) + 1;
}

const startSome = (host: Host, from: number, count: number): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => start(host, nameOf(from + index))));

async function start({ url, keys }: Host, workspaceName: string): Promise<string> {
  const response = await fetch(`${url}/api/deployments`, {
    method: 'POST',
    headers: { 'x-functions-key': keys.function, 'content-type': 'application/json' },
    body: JSON.stringify({ resourceGroup: localResourceGroup, workspaceName }),
  });
  if (response.status !== 202) throw new Error(`The POST answered ${response.status}: ${await response.text()}`);
  return ((await response.json()) as StatusResource).id;
}

async function endOf(host: Host, id: string, name: string, startMs: number, endMs: number): Promise<Ended> {
  const headers = { 'x-functions-key': host.keys.function };
  const status = (await (await fetch(`${host.url}/api/deployments/${id}`, { headers })).json()) as StatusResource;
  return {
    id,
    name,
    succeeded: status.runtimeStatus === 'Completed',
    ...(status.failure && { failure: status.failure.code }),
    wallSeconds: (endMs - startMs) / 1000,
    steps: status.steps.map(({ name, tries, startedAt, endedAt }) => ({
      name,
      tries,
      seconds: (Date.parse(endedAt ?? '') - Date.parse(startedAt ?? '')) / 1000,
    })),
  };
}
