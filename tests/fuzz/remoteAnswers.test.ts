import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { StatusResource } from '../../domain/status.ts';
import type { LogEntry } from '../../local/host/log.ts';
import type { ApiReply } from '../../local/kit/router.ts';
import { fullSweep } from '../support/fullSweep.ts';
import { type Inventory, inventoryOf, oneOfEach } from '../../local/soak/inventory.ts';
import { patientScript, quickLatencies } from '../../local/simulation/quickCloud.ts';
import { randomFrom } from '../../local/kit/random.ts';
import { CallFaults, callsOf, patternOf, plain, type RemoteCall } from '../support/remoteCalls.ts';
import { startWorld } from '../support/world.ts';
import { type Malformation, ofFields, ofWhole, withField, withMore } from './malformations.ts';
import { bareWords, faultOf } from './typedFailure.ts';

const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
const random = randomFrom(seed);
const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;

const logged: LogEntry[] = [];
const malformed = new CallFaults(() => world.cloud.azure.arm);
const world = await startWorld({
  script: patientScript,
  latencies: quickLatencies,
  settings: () => ({
    MAX_ACTIVE_DEPLOYMENTS: '1000',
    LIMIT_SECONDS: JSON.stringify({ workspace: 900, run: 900, warehouse: 900 }),
  }),
  log: (entry) => logged.push(entry),
  onWorkspace: (name, server) => malformed.strike(name, server),
});
afterAll(() => world.close());
const { arm, identity } = world.cloud.azure;

await world.deploy({ workspaceName: 'dbw-reference' });
/** What is asked before anything is made names no workspace, and is the same for all deployments. */
const checks = new Map(
  arm.requests
    .filter(({ path }) => !path.includes('dbw-reference'))
    .map(({ method, path }) => {
      const pattern = patternOf(plain(path)).replace(/^\/subscriptions\/[^/]+/, '*');
      return [path, { server: 'azure' as const, method, path: pattern, skip: 0 }];
    }),
);
const calls: RemoteCall[] = [...checks.values(), ...callsOf(world.cloud, 'dbw-reference')];
const replies = await trueReplies();

/** What each call is answered in a deployment without trouble; a call that this one does not make is left out. */
async function trueReplies(): Promise<Map<RemoteCall, ApiReply>> {
  const seen = new Map<RemoteCall, ApiReply>();
  for (const call of calls) {
    const rewrite = (reply: ApiReply): ApiReply => {
      seen.set(call, reply);
      return reply;
    };
    // A rule that is due hides the later ones of the same call, so each lets those before it pass once more.
    malformed.add('dbw-witness', { ...call, skip: 0 }, { rewrite });
  }
  await world.deploy({ workspaceName: 'dbw-witness' });
  arm.faults.clear();
  return seen;
}

type Case = [name: string, RemoteCall, Malformation, times: number];

const always = Number.POSITIVE_INFINITY;
// The steps are tried with these, which take seconds by the machine's clock.
const isSlow = ({ path }: RemoteCall, { name }: Malformation): boolean =>
  path.includes('#') && /empty|breaks/.test(name);

/** One way or more in which the answer to each call is malformed, once and for ever. */
function casesOf(call: RemoteCall): Case[] {
  const reply = replies.get(call);
  if (!reply) return [];
  const whole = ofWhole(reply).filter((one) => !isSlow(call, one));
  const inFields = ofFields(reply).flat();
  const what = `${call.method} ${call.path}${call.skip > 0 ? ' (again)' : ''}`;
  return [1, always].flatMap((times) => {
    const chosen = [pick(whole), ...(inFields.length > 0 ? [pick(inFields)] : [])];
    return chosen.map((one): Case => [`${what} ${one.name}${times > 1 ? ', always' : ''}`, call, one, times]);
  });
}

const all = calls.flatMap(casesOf);
const cases = fullSweep ? all : all.filter(() => random() < 0.08);

let made = 0;
const nextName = (): string => `dbw-${++made}`;
beforeEach(() => {
  arm.faults.clear();
  identity.faults.clear();
  logged.length = 0;
});

/** What the cloud has for a deployment: none of anything where there is no workspace. */
async function inventoryAt(workspace: string): Promise<Inventory | undefined> {
  arm.faults.clear();
  identity.faults.clear();
  const there = world.cloud.databricks.workspaces().some(({ resourceId }) => resourceId.endsWith(`/${workspace}`));
  return there ? inventoryOf(world.cloud, workspace) : undefined;
}

interface End {
  ended: StatusResource;
  /** What does not hold that must, however the answers were. */
  wrong: string[];
}

async function deploy(workspaceName: string): Promise<End> {
  const startMs = world.clock.now();
  const ended = await world.deploy({ workspaceName });
  const wrong = logged.map(({ message }) => message).filter((message) => bareWords.test(message));
  if (world.clock.now() - startMs > 3_600_000) wrong.push('it took longer than the limits give');
  const inventory = await inventoryAt(workspaceName);
  const { state, failure } = ended;
  if (!failure)
    return { ended, wrong: [...wrong, ...differences(inventory), ...(state === 'Succeeded' ? [] : [state])] };
  if (!failure.hint) wrong.push(`${failure.code} gives no hint`);
  const twice = Object.entries(inventory ?? {}).filter(([, count]) => count > 1);
  return {
    ended,
    wrong: [
      ...wrong,
      ...[faultOf(failure) ?? []].flat(),
      ...twice.map(([kind]) => `there is more than one of ${kind}`),
    ],
  };
}

const differences = (inventory: Inventory | undefined): string[] =>
  (Object.keys(oneOfEach) as (keyof Inventory)[])
    .filter((kind) => inventory?.[kind] !== oneOfEach[kind])
    .map((kind) => `${kind}: ${inventory?.[kind] ?? 0}`);

test('the answer to every call of a deployment is known', () => {
  expect(calls.length).toBeGreaterThan(40);
  expect(calls.filter((call) => !replies.has(call))).toEqual([]);
});

describe('F15: a state that nobody knows is taken for work in progress, with a warning, of', () => {
  const states: [what: string, path: string, field: string, code: string][] = [
    [
      'the workspace',
      '*/Microsoft.Databricks/workspaces/{workspace}',
      'properties.provisioningState',
      'WORKSPACE_TIMEOUT',
    ],
    ['a run', '/api/2.2/jobs/runs/get', 'status.state', 'RUN_TIMEOUT'],
    ['the SQL warehouse', '/api/2.0/sql/warehouses/*', 'state', 'WAREHOUSE_TIMEOUT'],
  ];
  const warnings = (): unknown[] => logged.filter(({ message }) => message.includes('"state.unknown"'));

  test.each(states)('%s', async (_what, path, field, code) => {
    const call = calls.findLast((one) => one.method === 'GET' && one.path === path);
    if (!call) throw new Error(`nobody calls ${path}`);
    const rewrite = withField(field.split('.'), () => 'SOMETHING_NEW');

    const [once, ever] = [nextName(), nextName()];
    malformed.add(once, call, { rewrite });
    const { ended, wrong } = await deploy(once);
    expect([ended.failure, wrong]).toEqual([undefined, []]);
    expect(warnings()).toHaveLength(1);

    malformed.add(ever, call, { rewrite, times: always });
    const stuck = await deploy(ever);
    expect([stuck.ended.failure?.code, stuck.wrong]).toEqual([code, []]);
  });
});

describe(`F15: a deployment comes to a typed end, with nothing twice, when (FUZZ_SEED=${seed})`, () => {
  test.each(cases)('%s', { timeout: 120_000 }, async (_name, call, malformation, times) => {
    const workspaceName = nextName();
    malformed.add(workspaceName, call, { rewrite: malformation.of, times });
    const { ended, wrong } = await deploy(workspaceName);
    const mustSucceed = malformation === withMore || (malformation.isGarbage && times === 1);
    expect([mustSucceed ? ended.failure : undefined, wrong]).toEqual([undefined, []]);
  });

  const moments = [0, 3, 8, 21, 40].slice(0, fullSweep ? 5 : 1);
  test.each(moments)('the token endpoint gives something else for a token (call %i)', async (skip) => {
    identity.faults.add({ method: 'GET', path: '/msi/token', skip, rewrite: pick(ofWhole({ body: {} })).of });
    const { ended, wrong } = await deploy(nextName());
    expect([ended.failure, wrong]).toEqual([undefined, []]);
  });

  test('the token endpoint gives none, ever', async () => {
    identity.faults.add({
      method: 'GET',
      path: '/msi/token',
      times: always,
      rewrite: ({ status = 200 }) => ({ status }),
    });
    const { ended, wrong } = await deploy(nextName());
    expect([ended.failure?.code, wrong]).toEqual(['TOKEN_UNAVAILABLE', []]);
  });

  test.each(Array.from({ length: fullSweep ? 20 : 2 }, (_, at) => at))('many are malformed once (mix %i)', async () => {
    const workspaceName = nextName();
    for (let troubles = 0; troubles < 8; troubles++) {
      const call = pick(calls);
      const reply = replies.get(call);
      const garbage = reply ? ofWhole(reply).filter((one) => one.isGarbage && !isSlow(call, one)) : [];
      if (garbage.length > 0) malformed.add(workspaceName, call, { rewrite: pick(garbage).of });
    }
    const { ended, wrong } = await deploy(workspaceName);
    expect([ended.failure, wrong]).toEqual([undefined, []]);
  });
});
