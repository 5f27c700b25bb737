import { titleOf } from './moments.ts';
import { type Ending, play, prepared, undisturbed } from './play.ts';
import { cancelledAtOnce, newWorkspace, rerun, type Scenario } from './scenarios.ts';
import type { SimulationOptions } from './simulation.ts';
import { callsIn, faultKinds, violationsOfCrash, violationsOfFault } from './sweeps.ts';

/** A case of the sweeps. */
interface Case {
  title: string;
  /** What is wrong in it; nothing when all is well. */
  violations: () => Promise<string[]>;
}

const scenarios: Scenario[] = [newWorkspace, rerun, cancelledAtOnce];

/** Every case of the crash sweep and of the fault sweep of an app, those whose titles fit `first` before the others. */
async function casesOf(given: SimulationOptions, first: RegExp): Promise<Case[]> {
  const cases: Case[] = [];
  for (const scenario of scenarios) {
    const options = await prepared(scenario, given);
    const reference = await play(scenario, options);
    for (const moment of reference.moments)
      cases.push({
        title: `${scenario.name}: crash ${titleOf(moment)}`,
        violations: () => violationsOfCrash(scenario, reference, moment, options),
      });
  }
  const { reference, calls } = await callsIn(newWorkspace, given);
  for (const call of calls)
    for (const kind of faultKinds)
      cases.push({
        title: `${call.what} ${kind.name}`,
        violations: () => violationsOfFault(newWorkspace, reference, call, kind, given),
      });
  return cases.toSorted((a, b) => Number(first.test(b.title)) - Number(first.test(a.title)));
}

/** The first case that goes wrong, also when a scenario cannot even be played without trouble; undefined when all go well. */
export async function firstViolation(
  options: SimulationOptions,
  first: RegExp,
): Promise<{ title: string; violations: string[] } | undefined> {
  const title = 'without trouble';
  for (const scenario of scenarios) {
    const ending = await play(scenario, options, undisturbed).catch((error: unknown) => String(error));
    const wrong = typeof ending === 'string' ? ending : failureOf(ending);
    if (wrong) return { title: `${scenario.name}: ${title}`, violations: [wrong] };
  }
  for (const { title: name, violations } of await casesOf(options, first)) {
    const found = await violations().catch((error: unknown) => [String(error)]);
    if (found.length > 0) return { title: name, violations: found };
  }
  return undefined;
}

const failureOf = ({ deployment, activeRuns, impatience }: Ending): string | undefined =>
  deployment.state !== 'Succeeded'
    ? `ended ${deployment.state}: ${JSON.stringify(deployment.failure)}`
    : activeRuns > 0
      ? `${activeRuns} runs are still active`
      : impatience[0];
