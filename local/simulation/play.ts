import type { StatusResource } from '../../domain/status.ts';
import { isOver, type Run } from '../databricks/jobs/run.ts';
import type { ApiServer } from '../kit/server.ts';
import { type Counts, countsIn } from './counts.ts';
import { differences, type EndState, endState, masked } from './endState.ts';
import { type Moment, Moments } from './moments.ts';
import type { Scenario } from './scenarios.ts';
import { type Simulation, type SimulationOptions, startSimulation } from './simulation.ts';

/** What happens to a scenario while it is played. */
export interface Disturbance {
  /** Called after its preparation. */
  prepare?: (simulation: Simulation) => Promise<void>;
  /** The moments at which something happens; the host crashes unless `act` says what. */
  moments?: readonly Moment[];
  act?: (simulation: Simulation) => void;
}

/** Nothing happens, and the moments at which something could are not noted. */
export const undisturbed: Disturbance = { moments: [{ at: 'call', number: -1, when: 'received', what: '' }] };

/** How a scenario ended. */
export interface Ending {
  deployment: StatusResource;
  state: EndState;
  counts: Counts;
  /** Runs in Databricks that are not over. */
  activeRuns: number;
  crashes: number;
  /** Of the simulated clock, from the first request. */
  seconds: number;
  /** What each server but the token endpoint was asked, when, and how it answered. */
  requests: string[];
  /** The moments at which something could have happened; of a run in which nothing did. */
  moments: Moment[];
  /** Broken promises about waits that a server had asked for, and how many fault rules have struck. */
  impatience: string[];
  struck: number;
}

/** The options with what the scenario's preparation leaves behind, so that many plays need not prepare it each. */
export async function prepared(scenario: Scenario, options: SimulationOptions): Promise<SimulationOptions> {
  if (!scenario.prepare) return options;
  const simulation = await startSimulation(options);
  await scenario.prepare(simulation);
  return { ...options, from: await simulation.stop() };
}

/** Plays a scenario to its end; its preparation too, unless the options have what that left behind. */
export async function play(
  scenario: Scenario,
  options: SimulationOptions,
  { prepare, moments: wanted = [], act = (simulation) => simulation.crash() }: Disturbance = {},
): Promise<Ending> {
  const moments = new Moments(wanted, act);
  const simulation = await startSimulation(moments.watching(options));
  try {
    if (!options.from) await scenario.prepare?.(simulation);
    await prepare?.(simulation);
    moments.begin(simulation);
    const { clock, startMs } = simulation;
    const begunMs = clock.now();
    const deployment = await scenario.act(simulation);
    const servers = simulation.servers();
    return {
      deployment,
      state: countedIn(endState(simulation), scenario.counted ?? []),
      counts: countsIn(simulation),
      activeRuns: activeRunsIn(simulation),
      crashes: simulation.crashes,
      seconds: (clock.now() - begunMs) / 1000,
      requests: servers
        .slice(1)
        .flatMap(({ requests }) =>
          requests.map((one) => `${(one.atMs - startMs) / 1000} ${one.method} ${masked(one.path)} ${one.status}`),
        ),
      moments: moments.passed,
      // A host that has crashed has not kept what it was asked to wait, and who cancels does not wait.
      impatience: simulation.crashes > 0 || scenario.cancels ? [] : servers.flatMap(impatienceAt),
      struck: servers.flatMap(({ faults }) => faults.list()).filter(({ used }) => used > 0).length,
    };
  } finally {
    await simulation.close();
  }
}

/** What is wrong with an ending beside that of the same scenario without a disturbance; nothing when all is well. */
export function violations(reference: Ending, found: Ending): string[] {
  const { state, attempt, failure } = found.deployment;
  const wanted = reference.deployment;
  const isSame = state === wanted.state && attempt === wanted.attempt;
  const told = `ended as attempt ${attempt} ${state} instead of ${wanted.attempt} ${wanted.state}: ${JSON.stringify(failure)}`;
  const active = found.activeRuns > 0 ? [`${found.activeRuns} runs are still active`] : [];
  return [...(isSame ? [] : [told]), ...active, ...found.impatience, ...differences(reference.state, found.state)];
}

/** The state with only the number of documents of some collections. */
const countedIn = (state: EndState, names: readonly string[]): EndState => ({
  ...state,
  ...Object.fromEntries(names.map((name) => [name, [`${state[name]?.length ?? 0} documents`]])),
});

function activeRunsIn({ stores }: Simulation): number {
  const runs = [...stores.values()].flatMap(({ collections }) => [...(collections.get('runs')?.values() ?? [])]);
  return (runs as Run[]).filter((run) => !isOver(run)).length;
}

/** Requests that were made again before the server had said that they may be. */
function impatienceAt({ requests }: ApiServer): string[] {
  return requests.flatMap(({ atMs, method, path, retryAfter = '' }, at) => {
    const allowedMs = atMs + Number(retryAfter) * 1000;
    // What goes on beside a step may ask the same at the very moment.
    const next = requests.slice(at + 1).find((one) => one.method === method && one.path === path && one.atMs > atMs);
    if (!retryAfter || !next || !(next.atMs < allowedMs)) return [];
    return [`${method} ${masked(path)} again after ${(next.atMs - atMs) / 1000} s instead of ${retryAfter} s`];
  });
}
