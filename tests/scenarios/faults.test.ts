import { afterAll, describe, expect, test } from 'vitest';
import type { StatusResource } from '../../domain/status.ts';
import type { FaultRule } from '../../local/faults/faults.ts';
import { inventoryOf, oneOfEach } from '../../local/soak/inventory.ts';
import { patientScript, quickLatencies } from '../../local/simulation/quickCloud.ts';
import { CallFaults, callsOf, pathFor, plain, type RemoteCall, serverOf } from '../support/remoteCalls.ts';
import { randomFrom } from '../../local/kit/random.ts';
import { setFault, startWorld } from '../support/world.ts';
import { fullSweep } from '../support/fullSweep.ts';

type Fault = Omit<FaultRule, 'method' | 'path'>;
const errorBody = {
  error: { code: 'ServerTrouble', message: 'Try again.' },
  error_code: 'SERVER_TROUBLE',
  message: 'Try again.',
};
const page = { headers: { 'content-type': 'text/html' }, body: '<html><h1>Proxy</h1></html>' };
const inMinutes = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toUTCString();

/** The app goes by the machine's clock when it is given a date, so those minutes run from the moment of the rule. */
const faults: Record<string, () => Fault> = {
  'answers 429 with Retry-After 30': () => ({ status: 429, headers: { 'retry-after': '30' }, body: errorBody }),
  'answers 429 with Retry-After as a date': () => ({
    status: 429,
    headers: { 'retry-after': inMinutes(5) },
    body: errorBody,
  }),
  'answers 500': () => ({ status: 500, body: errorBody }),
  'answers 503 with Retry-After 20': () => ({ status: 503, headers: { 'retry-after': '20' }, body: errorBody }),
  'is cut off before it is read': () => ({ reset: true }),
  'is done and its reply is lost': () => ({ reset: true, when: 'after' }),
  'answers 200 with a page of HTML': () => ({ status: 200, ...page }),
  'is done and answers 504': () => ({ status: 504, when: 'after', ...page }),
};
const names = Object.keys(faults);

const faulted = new CallFaults(() => world.cloud.azure.arm);
const world = await startWorld({
  script: patientScript,
  latencies: quickLatencies,
  settings: () => ({ MAX_ACTIVE_DEPLOYMENTS: '1000' }),
  onWorkspace: (name, server) => faulted.strike(name, server),
});
afterAll(() => world.close());

const reference = await world.deploy({ workspaceName: 'dbw-reference' });
const calls = callsOf(world.cloud, 'dbw-reference');

// Some of each over real sockets: all of them are swept in simulated time (tests/simulation/faults.test.ts).
const cases = calls.flatMap((call, i) =>
  names
    .filter((name, j) => (j + i) % 8 === 0 || (call.method !== 'GET' && name.startsWith('is done')))
    .map((name) => [`${call.method} ${call.path}${call.skip > 0 ? ' (again)' : ''}`, name, call] as const),
);

async function deployWith(workspace: string, ...troubles: [RemoteCall, Fault][]): Promise<StatusResource> {
  for (const [call, fault] of troubles) faulted.add(workspace, call, fault);
  return world.deploy({ workspaceName: workspace });
}

test('the reference deployment succeeds and makes every kind of call', async () => {
  expect(reference.failure).toBeUndefined();
  expect(await inventoryOf(world.cloud, 'dbw-reference')).toEqual(oneOfEach);
  const kinds = new Set(calls.map(({ method, path }) => `${method} ${path.split('/').at(-1) ?? ''}`));
  const some = ['POST create', 'POST run-now', 'POST repos', 'PATCH *', 'PUT {workspace}', 'GET get-output'];
  const ofProof = ['POST warehouses', 'POST *#OpenSession', 'POST *#ExecuteStatement', 'POST *#CloseSession'];
  for (const kind of [...some, ...ofProof]) expect(kinds).toContain(kind);
  const paths = calls.map(({ path }) => path);
  for (const path of ['/api/2.0/mlflow/runs/get', '/api/2.1/unity-catalog/models/*/versions/*'])
    expect(paths).toContain(path);
  expect(calls.length).toBeGreaterThan(20);
});

describe('a deployment succeeds with exactly one of each resource when', () => {
  test.each(cases)('%s %s', async (_call, name, call) => {
    const workspace = `dbw-${calls.indexOf(call)}-${names.indexOf(name)}`;
    const fault = faults[name]?.() ?? {};
    const ended = await deployWith(workspace, [call, fault]);

    expect(ended.failure).toBeUndefined();
    expect(ended.runtimeStatus).toBe('Completed');
    expect(usesOf(workspace, call)).toBe(1);
    expect(pauseAfter(workspace, call, fault)).toBeGreaterThanOrEqual(askedSeconds(fault));
    expect(await inventoryOf(world.cloud, workspace)).toEqual(oneOfEach);
  });
});

describe('F13: a deployment succeeds with exactly one of each resource when the token endpoint, at some call,', () => {
  const moments = fullSweep ? [0, 1, 2, 5, 8, 13, 21, 34] : [0, 13];
  const troubles = names
    .filter((name) => !name.startsWith('is done'))
    .flatMap((name) => moments.map((skip) => [name, skip] as const));

  test.each(troubles)('%s (call %i)', async (name, skip) => {
    const workspace = `dbw-token-${names.indexOf(name)}-${skip}`;
    const fault = faults[name]?.() ?? {};
    const { identity } = world.cloud.azure;
    await world.pass(1);
    const startMs = world.clock.now();
    identity.faults.clear();
    await setFault(identity, { ...fault, method: 'GET', path: '/msi/token', skip });
    const ended = await world.deploy({ workspaceName: workspace });

    expect(ended.failure).toBeUndefined();
    expect(identity.faults.list().map(({ used }) => used)).toEqual([1]);
    const requests = identity.requests.filter(({ atMs }) => atMs >= startMs);
    const met = requests[skip];
    expect(met?.status).toBe(fault.reset ? 'reset' : fault.status);
    // What goes on beside the step does so at the same moment; the next moment is that of the retry.
    const retriedMs = requests.find(({ atMs }) => atMs > (met?.atMs ?? 0))?.atMs ?? 0;
    expect((retriedMs - (met?.atMs ?? 0)) / 1000).toBeGreaterThanOrEqual(askedSeconds(fault));
    expect(await inventoryOf(world.cloud, workspace)).toEqual(oneOfEach);
  });
});

describe('a deployment succeeds with exactly one of each resource in a random mix of faults', () => {
  const seed = Number(process.env['FAULT_SEED'] ?? Date.now() % 1_000_000);
  const mixes = Array.from({ length: 4 }, (_, i) => seed + i);

  // A step waits for minutes in all, so a mix asks for short pauses only.
  const mixed = names.filter((name) => !name.endsWith('as a date'));
  test.each(mixes)('(FAULT_SEED=%i)', async (mix) => {
    const random = randomFrom(mix);
    const pick = <T>(items: T[]): T => items[Math.floor(random() * items.length)] as T;
    const troubles = Array.from({ length: 6 }, (): [RemoteCall, Fault] => {
      const call = pick(calls);
      return [{ ...call, skip: call.skip + Math.floor(random() * 2) }, faults[pick(mixed)]?.() ?? {}];
    });
    const workspace = `dbw-mix-${mix}`;
    const ended = await deployWith(workspace, ...troubles);
    expect({ troubles, failure: ended.failure }).toEqual({ troubles, failure: undefined });
    expect({ troubles, ...(await inventoryOf(world.cloud, workspace)) }).toEqual({ troubles, ...oneOfEach });
  });
});

const isClosing = ({ path }: { path: string }): boolean => path.endsWith('#CloseSession');

/** How often the fault has struck. */
function usesOf(workspace: string, call: RemoteCall): number {
  const path = pathFor(call, workspace);
  return serverOf(world.cloud, call, workspace)
    .faults.list()
    .filter((rule) => rule.path === path)
    .reduce((sum, { used }) => sum + used, 0);
}

/** Seconds from the request that met the fault to the next one of the same step, which comes first. */
function pauseAfter(workspace: string, call: RemoteCall, { reset, status }: Fault): number {
  // A session that cannot be closed is left to the warehouse.
  if (isClosing(call)) return Number.POSITIVE_INFINITY;
  // What preflight cannot read is a warning.
  if (call.path.includes('/clusters/') && status === 200) return Number.POSITIVE_INFINITY;
  const log = serverOf(world.cloud, call, workspace).requests.filter((request) => !isClosing(request));
  const ofStep = log.filter(({ path }) =>
    call.server === 'azure'
      ? new RegExp(`${pathFor(call, workspace).replaceAll('*', '.*')}$`).test(plain(path))
      : // What a workspace offers is asked for side by side.
        call.path.includes('/clusters/')
        ? plain(path) === call.path
        : // While a run is watched, RUNME talks to the workspace too.
          !call.path.includes('/runs/') || path.includes('/runs/get'),
  );
  const at = ofStep.findIndex((request) => request.status === (reset ? 'reset' : status));
  const [met, next] = ofStep.slice(at);
  return met && next ? (next.atMs - met.atMs) / 1000 : Number.NaN;
}

function askedSeconds({ headers }: Fault): number {
  const asked = headers?.['retry-after'];
  if (asked === undefined) return 0;
  return /^\d+$/.test(asked) ? Number(asked) : (Date.parse(asked) - Date.now()) / 1000;
}
