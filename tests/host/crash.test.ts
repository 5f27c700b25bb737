import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { failpointNames } from '../../local/host/failpoint.ts';
import { Store } from '../../local/host/durable/store.ts';
import type { HostProcess } from './crashHost.ts';
import { spawnHost } from './crashHost.ts';
import { fullSweep } from '../support/fullSweep.ts';

const pipelinesPerRound = 3;
const generations = [0, 1];

function expectedOutput(key: string): string[] {
  return generations.flatMap((generation) =>
    ['one', 'left', 'middle', 'right', 'retried', 'p.a', 'p.b', 'q.a', 'q.b'].map(
      (step) => `${key}.${generation}.${step}`,
    ),
  );
}

interface Outcome {
  /** The lines that the activities wrote. */
  log: string;
  /** How many hosts were killed on the way. */
  deaths: number;
}

/** Starts pipelines and kills the host, by `kills` or by the environment, until one host brings all of them to their ends. */
async function runWithKills(kills: ((host: HostProcess) => void)[], envs: Record<string, string>[]): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'crash-'));
  const logFile = join(folder, 'activities.log');
  const keys = Array.from({ length: pipelinesPerRound }, (_, index) => `k${index}`);
  for (let attempt = 0, deaths = 0; ; attempt++) {
    const host = await spawnHost(folder, { CRASH_APP_LOG: logFile, ...envs[attempt] });
    if (!host) continue;
    kills[attempt]?.(host);
    const isFinished = await finish(host, keys);
    if (!isFinished) {
      if ((await host.ended) === 'SIGKILL') deaths++;
      continue;
    }
    host.child.kill('SIGKILL');
    await host.ended;
    checkDatabase(folder, keys);
    return { log: readFileSync(logFile, 'utf8'), deaths };
  }
}

/** Whether the host lived until all pipelines had ended. */
async function finish(host: HostProcess, keys: string[]): Promise<boolean> {
  try {
    // A start that was committed before a kill is refused now, because the instance exists.
    for (const key of keys) await fetch(`${host.url}/api/start/${key}`, { method: 'POST' });
    await untilAllCompleted(host, keys);
    return true;
  } catch (error) {
    // The host was killed while it was asked.
    if (error instanceof TypeError) return false;
    throw error;
  }
}

async function untilAllCompleted(host: HostProcess, keys: string[]): Promise<void> {
  for (;;) {
    const url = `${host.url}/runtime/webhooks/durabletask/instances?instanceIdPrefix=k&code=durable`;
    const instances = (await (await fetch(url)).json()) as { instanceId: string; runtimeStatus: string }[];
    const own = instances.filter(({ instanceId }) => keys.includes(instanceId));
    if (own.length === keys.length && own.every(({ runtimeStatus }) => runtimeStatus === 'Completed')) return;
    expect(own.filter(({ runtimeStatus }) => runtimeStatus === 'Failed')).toEqual([]);
  }
}

function checkDatabase(folder: string, keys: string[]): void {
  const store = new Store(join(folder, 'durable.db'));
  for (const key of keys) {
    expect(JSON.parse(store.instance(key)?.output ?? 'null')).toEqual(expectedOutput(key));
    const completed = store
      .history(key)
      .map((text) => JSON.parse(text) as { EventType: number; TaskScheduledId?: number });
    const ids = completed
      .filter(({ EventType }) => EventType === 5 || EventType === 8)
      .map((event) => event.TaskScheduledId);
    expect(new Set(ids).size).toBe(ids.length);
  }
  expect(store.activities()).toEqual([]);
  store.close();
}

function missingSteps(log: string): string[] {
  const ended = new Set(log.split('\n').filter((line) => line.startsWith('end ')));
  const keys = Array.from({ length: pipelinesPerRound }, (_, index) => `k${index}`);
  return keys.flatMap(expectedOutput).filter((step) => !ended.has(`end ${step}`));
}

describe('a killed host loses nothing and records every result once', () => {
  test.each([...failpointNames])('when it dies at the failpoint %s', async (name) => {
    const envs = [1, 3, 7].map((hit) => ({ HOST_FAILPOINT: `${name}:${hit}` }));
    const { log, deaths } = await runWithKills([], envs);
    expect(deaths).toBeGreaterThan(0);
    expect(missingSteps(log)).toEqual([]);
  });

  const mostDeaths = fullSweep ? 20 : 8;
  test(`when it dies at random moments, ${mostDeaths} times`, async () => {
    let deaths = 0;
    while (deaths < mostDeaths) {
      const kills = Array.from({ length: 5 }, () => (host: HostProcess) => {
        setTimeout(() => host.child.kill('SIGKILL'), Math.random() * 120);
      });
      const outcome = await runWithKills(kills, []);
      expect(missingSteps(outcome.log)).toEqual([]);
      deaths += outcome.deaths;
    }
  }, 120_000);
});

test('a host that is killed while it keeps its keys for the first time starts again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'crash-'));
  const env = { CRASH_APP_LOG: join(folder, 'log') };
  expect(await spawnHost(folder, { ...env, HOST_FAILPOINT: 'beforeKeysAreKept:1' })).toBeUndefined();
  const next = await spawnHost(folder, env);
  expect((await fetch(`${next?.url}/runtime/webhooks/durabletask/instances?code=durable`)).status).toBe(200);
  next?.child.kill('SIGKILL');
});

test('a second host on the same data folder ends at once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'crash-'));
  const first = await spawnHost(folder, { CRASH_APP_LOG: join(folder, 'log') });
  expect(await spawnHost(folder, { CRASH_APP_LOG: join(folder, 'log') })).toBeUndefined();
  first?.child.kill('SIGTERM');
  expect(await first?.ended).toBe('0');
});
