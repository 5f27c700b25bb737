import type { StatusResource } from '../../domain/status.ts';
import type { Latencies } from '../cloud/startCloud.ts';
import type { NotebookScript } from '../databricks/notebooks/scriptedCompute.ts';
import type { Log } from '../host/log.ts';
import { type Counts, countsIn } from './counts.ts';
import { Crashes } from './crashes.ts';
import { type Draw, drawFrom } from './draw.ts';
import { differences, type EndState, endState, masked } from './endState.ts';
import { quickScript } from './quickCloud.ts';
import { newWorkspace, rerun, type Scenario, workspaceOfSomebody } from './scenarios.ts';
import { agreeOn } from './send.ts';
import { type Simulation, type SimulationOptions, startSimulation } from './simulation.ts';
import { drawTroubles, type Trouble } from './troubles.ts';

/** One deployment with the troubles of its seed. */
export interface SoakRun {
  seed: number;
  scenario: string;
  troubles: Trouble[];
  crashes: number;
  /** Time of the simulated clock. */
  seconds: number;
  /** What the app and the notebooks asked, when, and how it was answered. */
  requests: string[];
  /** How many of the troubles have struck. */
  struck: number;
  /** What is wrong at the end; nothing when all is well. */
  violations: string[];
}

const scenarios: Scenario[] = [newWorkspace, workspaceOfSomebody, rerun];

/** Plays the deployment that a seed stands for: its scenario, how long everything takes, and what goes wrong. */
export async function soakRun(seed: number, log?: Log): Promise<SoakRun> {
  const draw = drawFrom(seed);
  const scenario = draw.pick(scenarios);
  const options: SimulationOptions = { ...drawTimes(draw), ...(log && { log }) };
  const troubles = drawTroubles(draw);
  const wanted = await referenceOf(scenario);
  const found = await endOf(scenario, options, troubles);
  return {
    seed,
    scenario: scenario.name,
    troubles,
    crashes: found.crashes,
    seconds: found.seconds,
    requests: found.requests,
    struck: found.struck,
    violations: judge(wanted, found, troubles),
  };
}

/** Waits as in Azure and Databricks; notebooks that take minutes or, now and then, hours. */
function drawTimes(draw: Draw): { latencies: Latencies; script: NotebookScript } {
  const whole = (median: number, sigma: number): number => Math.round(draw.logNormal(median, sigma));
  const latencies = {
    workspaceSeconds: whole(180, 0.35),
    replicationSeconds: whole(15, 0.9),
    storageSeconds: whole(40, 0.9),
    cloneSeconds: 0,
    clusterSeconds: whole(240, 0.25),
    gpuClusterSeconds: whole(300, 0.25),
    warehouseSeconds: whole(120, 0.35),
  };
  const share = draw.chance(0.05) ? 1 : 0.05;
  const script = Object.fromEntries(
    Object.entries(quickScript).map(([name, notebook]) => [
      name,
      { ...notebook, seconds: whole(name === 'RUNME' ? 20 : share * 1200, 0.3) },
    ]),
  );
  return { latencies, script };
}

interface End {
  deployment: StatusResource;
  state: EndState;
  counts: Counts;
  crashes: number;
  seconds: number;
  requests: string[];
  struck: number;
}

const references = new Map<Scenario, Promise<End>>();

/** How the scenario ends when nothing goes wrong; times make no difference to that. */
function referenceOf(scenario: Scenario): Promise<End> {
  const known = references.get(scenario);
  if (known) return known;
  const made = endOf(scenario, drawTimes(drawFrom(0)), []);
  references.set(scenario, made);
  return made;
}

async function endOf(scenario: Scenario, options: SimulationOptions, troubles: readonly Trouble[]): Promise<End> {
  const crashes = new Crashes(troubles.flatMap((trouble) => (trouble.kind === 'crash' ? [trouble.point] : [])));
  const simulation = await startSimulation(crashes.watching(options));
  try {
    await scenario.prepare?.(simulation);
    await prepareTroubles(simulation, troubles);
    crashes.begin(simulation);
    const startMs = simulation.clock.now();
    const deployment = await scenario.act(simulation);
    const seconds = (simulation.clock.now() - startMs) / 1000;
    const faults = simulation.servers().flatMap((server) => server.faults.list());
    return {
      deployment,
      state: endState(simulation),
      counts: countsIn(simulation),
      crashes: simulation.crashes,
      seconds,
      requests: requestsOf(simulation),
      struck: simulation.crashes + faults.filter(({ used }) => used > 0).length,
    };
  } finally {
    await simulation.close();
  }
}

/** Sets the troubles on the servers that there are, and on the workspace as soon as it is made. */
async function prepareTroubles(simulation: Simulation, troubles: readonly Trouble[]): Promise<void> {
  const { azure } = simulation.cloud;
  for (const trouble of troubles) {
    if (trouble.kind === 'fault' && trouble.server !== 'workspace')
      (trouble.server === 'azure' ? azure.arm : azure.identity).faults.add(trouble.rule);
  }
  await simulation.onWorkspace(async (server) => {
    for (const trouble of troubles) {
      if (trouble.kind === 'fault' && trouble.server === 'workspace') server.faults.add(trouble.rule);
      if (trouble.kind === 'platform') await agreeOn(server, trouble.scenario);
    }
  });
}

function requestsOf(simulation: Simulation): string[] {
  const startMs = simulation.startMs;
  return simulation
    .servers()
    .slice(1)
    .flatMap(({ requests }) =>
      requests.map(
        ({ atMs, method, path, status }) => `${(atMs - startMs) / 1000} ${method} ${masked(path)} ${status}`,
      ),
    );
}

function judge(wanted: End, found: End, troubles: readonly Trouble[]): string[] {
  const { state, attempt, failure } = found.deployment;
  const told = `ended as attempt ${attempt} ${state}: ${JSON.stringify(failure)}`;
  const ended = state === 'Succeeded' && attempt === wanted.deployment.attempt ? [] : [told];
  // A repair leaves its traces, so then only the numbers are compared.
  const isRepaired = troubles.some(({ kind }) => kind === 'platform');
  const kinds = Object.keys(wanted.counts).filter((kind) => wanted.counts[kind] !== found.counts[kind]);
  const counts = kinds.map((kind) => `${found.counts[kind]} ${kind} instead of ${wanted.counts[kind]}`);
  return [...ended, ...counts, ...(isRepaired ? [] : differences(wanted.state, found.state))];
}
