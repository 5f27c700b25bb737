import type { Latencies } from '../cloud/startCloud.ts';
import type { NotebookScript } from '../databricks/notebooks/scriptedCompute.ts';
import type { Log } from '../host/log.ts';
import { type Draw, drawFrom } from './draw.ts';
import { type Ending, play, undisturbed, violations } from './play.ts';
import { quickScript } from './quickCloud.ts';
import { cancelledAndRetried, newWorkspace, rerun, type Scenario, workspaceOfSomebody } from './scenarios.ts';
import { agreeOn } from './send.ts';
import type { Simulation, SimulationOptions } from './simulation.ts';
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

const scenarios: Scenario[] = [newWorkspace, workspaceOfSomebody, rerun, cancelledAndRetried];

/** Plays the deployment that a seed stands for: its scenario, how long everything takes, and what goes wrong. */
export async function soakRun(seed: number, log?: Log): Promise<SoakRun> {
  const draw = drawFrom(seed);
  const scenario = draw.pick(scenarios);
  const options: SimulationOptions = { ...drawTimes(draw), ...(log && { log }) };
  const troubles = drawTroubles(draw);
  const wanted = await referenceOf(scenario);
  const moments = troubles.flatMap((trouble) => (trouble.kind === 'crash' ? [trouble.moment] : []));
  const found = await play(scenario, options, {
    prepare: (simulation) => prepareTroubles(simulation, troubles),
    ...(moments.length > 0 ? { moments } : undisturbed),
  });
  return {
    seed,
    scenario: scenario.name,
    troubles,
    crashes: found.crashes,
    seconds: found.seconds,
    requests: found.requests,
    struck: found.struck + found.crashes,
    violations: judge(wanted, found, troubles),
  };
}

/** Waits as in Azure and Databricks; notebooks that take minutes or, now and then, hours. */
function drawTimes(draw: Draw): { latencies: Latencies; script: NotebookScript } {
  const whole = (median: number, sigma: number): number => Math.round(draw.logNormal(median, sigma));
  const latencies = {
    workspaceSeconds: whole(180, 0.35),
    // The app gives up a principal that Entra ID does not know after ten minutes, and storage after a quarter of an hour.
    replicationSeconds: Math.min(whole(15, 0.9), 300),
    storageSeconds: Math.min(whole(40, 0.9), 600),
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

const references = new Map<Scenario, Promise<Ending>>();

/** How the scenario ends when nothing goes wrong; times make no difference to that. */
function referenceOf(scenario: Scenario): Promise<Ending> {
  const known = references.get(scenario);
  if (known) return known;
  const made = play(scenario, drawTimes(drawFrom(0)));
  references.set(scenario, made);
  return made;
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

function judge(wanted: Ending, found: Ending, troubles: readonly Trouble[]): string[] {
  const kinds = Object.keys(wanted.counts).filter((kind) => wanted.counts[kind] !== found.counts[kind]);
  const counts = kinds.map((kind) => `${found.counts[kind]} ${kind} instead of ${wanted.counts[kind]}`);
  // A repair leaves its traces, so then only the numbers are compared.
  const isRepaired = troubles.some(({ kind }) => kind === 'platform');
  return [...counts, ...violations(isRepaired ? { ...wanted, state: found.state } : wanted, found)];
}
