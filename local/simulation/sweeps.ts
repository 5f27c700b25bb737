import { actedNotebook } from '../databricks/notebooks/scriptedCompute.ts';
import type { FaultRule } from '../faults/faults.ts';
import { type Moment, shortened } from './moments.ts';
import { type Ending, play, undisturbed, violations } from './play.ts';
import { quickLatencies, quickScript } from './quickCloud.ts';
import type { Scenario } from './scenarios.ts';
import type { SimulationOptions } from './simulation.ts';

/** The accelerator in seconds: what is swept is what happens, not how long it takes. */
export const quickOptions: SimulationOptions = { latencies: quickLatencies, script: quickScript };

/** One request that the app makes of a server. */
export interface Call {
  server: 'azure' | 'workspace';
  /** How many requests of the app it comes after, on that server. */
  skip: number;
  what: string;
}

/** What a request meets. */
export interface FaultKind {
  /** The row of the fault matrix that it belongs to. */
  row: 'F4' | 'F5' | 'F6';
  name: string;
  fault: () => Omit<FaultRule, 'method' | 'path'>;
}

const body = {
  error: { code: 'ServerTrouble', message: 'Try again.' },
  error_code: 'SERVER_TROUBLE',
  message: 'Try again.',
};
const page = { headers: { 'content-type': 'text/html' }, body: '<html><h1>Proxy</h1></html>' };
const asked = (status: number, header: string) => (): Omit<FaultRule, 'method' | 'path'> => ({
  status,
  headers: { 'retry-after': header },
  body,
});
/** The app takes a date by the clock of the machine. */
const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1000).toUTCString();

export const faultKinds: FaultKind[] = [
  { row: 'F4', name: 'answers 429 with Retry-After 30', fault: asked(429, '30') },
  { row: 'F4', name: 'answers 429 with Retry-After 0', fault: asked(429, '0') },
  { row: 'F4', name: 'answers 429 with a date as Retry-After', fault: () => asked(429, inSeconds(90))() },
  { row: 'F4', name: 'answers 429 with Retry-After "soon"', fault: asked(429, 'soon') },
  { row: 'F4', name: 'answers 429 without Retry-After', fault: () => ({ status: 429, body }) },
  { row: 'F4', name: 'answers 503 with Retry-After 20', fault: asked(503, '20') },
  { row: 'F5', name: 'answers 500', fault: () => ({ status: 500, body }) },
  { row: 'F5', name: 'answers 502', fault: () => ({ status: 502, ...page }) },
  { row: 'F5', name: 'answers 504', fault: () => ({ status: 504, ...page }) },
  { row: 'F5', name: 'is done and answers 504', fault: () => ({ status: 504, when: 'after', ...page }) },
  { row: 'F5', name: 'answers 503 three times', fault: () => ({ status: 503, times: 3, body }) },
  { row: 'F6', name: 'is cut off before it is read', fault: () => ({ reset: true }) },
  { row: 'F6', name: 'is done and its reply is lost', fault: () => ({ reset: true, when: 'after' }) },
  { row: 'F6', name: 'is done and its reply is cut in half', fault: () => ({ half: true }) },
  { row: 'F6', name: 'answers 200 with a page of HTML', fault: () => ({ status: 200, ...page }) },
];

/** The requests that the app makes in a scenario without a preparation, and how it ends. */
export async function callsIn(
  scenario: Scenario,
  options: SimulationOptions = quickOptions,
): Promise<{ reference: Ending; calls: Call[] }> {
  const calls: Call[] = [];
  const counts = { azure: 0, workspace: 0 };
  const reference = await play(scenario, {
    ...options,
    onServer(server, name) {
      if (name === 'identity') return;
      const kind = name === 'azure' ? name : 'workspace';
      server.observers.push((phase, { method, path, userAgent }) => {
        if (phase === 'received' && !userAgent.includes(actedNotebook))
          calls.push({ server: kind, skip: counts[kind]++, what: `${method} ${shortened(path)}` });
      });
    },
  });
  return { reference, calls };
}

/** What is wrong when that request meets that fault; nothing when all is well. */
export async function violationsOfFault(
  scenario: Scenario,
  reference: Ending,
  { server: wanted, skip }: Call,
  { fault }: FaultKind,
  options: SimulationOptions = quickOptions,
): Promise<string[]> {
  const ending = await play(
    scenario,
    {
      ...options,
      onServer(server, name) {
        if (name !== 'identity' && (name === 'azure') === (wanted === 'azure'))
          server.faults.add({ method: '*', path: '*', spares: actedNotebook, skip, ...fault() });
      },
    },
    undisturbed,
  );
  return [...(ending.struck === 0 ? ['the fault has not struck'] : []), ...violations(reference, ending)];
}

/** What is wrong when the host crashes at that moment; nothing when all is well. */
export async function violationsOfCrash(
  scenario: Scenario,
  reference: Ending,
  moment: Moment,
  options: SimulationOptions,
): Promise<string[]> {
  const ending = await play(scenario, options, { moments: [moment] });
  return [...(ending.crashes === 1 ? [] : [`crashed ${ending.crashes} times`]), ...violations(reference, ending)];
}

/** What is wrong when somebody cancels at that moment; nothing when all is well. */
export async function violationsOfCancel(
  scenario: Scenario,
  reference: Ending,
  moment: Moment,
  options: SimulationOptions = quickOptions,
): Promise<string[]> {
  const { id } = reference.deployment;
  const { deployment, counts, activeRuns } = await play(scenario, options, {
    moments: [moment],
    act: (simulation) => void simulation.post(`/api/deployments/${id}/cancel`, {}),
  });
  const { state, failure } = deployment;
  const hasEnded = state === 'Succeeded' || (state === 'Cancelled' && failure?.code === 'CANCELLED');
  const tooMany = Object.keys(counts).filter((kind) => (counts[kind] ?? 0) > (reference.counts[kind] ?? 0));
  return [
    ...(hasEnded ? [] : [`ended ${state}: ${JSON.stringify(failure)}`]),
    ...(activeRuns > 0 ? [`${activeRuns} runs are still active`] : []),
    ...tooMany.map((kind) => `${counts[kind]} ${kind} instead of at most ${reference.counts[kind]}`),
  ];
}
