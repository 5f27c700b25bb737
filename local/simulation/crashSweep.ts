import type { StatusResource } from '../../domain/status.ts';
import { type CrashPoint, Crashes } from './crashes.ts';
import { differences, type EndState, endState } from './endState.ts';
import type { Scenario } from './scenarios.ts';
import { type SimulationOptions, startSimulation } from './simulation.ts';

/** How a scenario ended. */
export interface Ending {
  deployment: StatusResource;
  state: EndState;
  crashes: number;
  /** The moments at which it could have crashed; of a run without a crash. */
  points: CrashPoint[];
}

/** Plays a scenario to its end with a crash at each of the points that are given. */
export async function play(
  scenario: Scenario,
  options: SimulationOptions,
  points: readonly CrashPoint[] = [],
): Promise<Ending> {
  const crashes = new Crashes(points);
  const simulation = await startSimulation(crashes.watching(options));
  try {
    await scenario.prepare?.(simulation);
    crashes.begin(simulation);
    const deployment = await scenario.act(simulation);
    return { deployment, state: endState(simulation), crashes: simulation.crashes, points: crashes.points };
  } finally {
    await simulation.close();
  }
}

/** What is wrong with an ending beside that of the same scenario without a crash; nothing when all is well. */
export function violations(reference: Ending, found: Ending): string[] {
  const { state, attempt, failure } = found.deployment;
  const wanted = reference.deployment;
  const told =
    state === wanted.state && attempt === wanted.attempt
      ? []
      : [
          `ended as attempt ${attempt} ${state} instead of ${wanted.attempt} ${wanted.state}: ${JSON.stringify(failure)}`,
        ];
  return [...told, ...differences(reference.state, found.state)];
}

/** A point in words, for the title of a case. */
export const titleOf = ({ at, number, when, what }: CrashPoint): string =>
  at === 'commit'
    ? `${when} the commit ${number} of its state`
    : `${phases[when] ?? when} call ${number}, ${shortened(what)}`;

const phases: Record<string, string> = {
  received: 'just before',
  applied: 'after the effect and before the reply of',
  replied: 'just after the reply of',
};

const shortened = (what: string): string => what.replace(/\?.*$/, '').replace(/\/subscriptions\/.*\/providers\//, '…/');
