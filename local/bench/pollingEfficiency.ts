import type { WaitPhase } from '../../domain/polling.ts';
import { randomFrom } from '../kit/random.ts';
import { type Figure, mean } from '../kit/figure.ts';
import { followAsWeDo, looksAtOnce, ourDeployment } from './ourPolicy.ts';
import { type Followed, follow, leastProduct } from './pollingBound.ts';
import { referenceRuns, seed } from './referenceRuns.ts';
import { drawFrom, referenceWaits, type WaitLaw } from './waits.ts';

const draws = 20_000;
const phases = Object.keys(referenceWaits) as WaitPhase[];
/** What a script does that has a number in it. */
const fixedSeconds = 15;

/** How near the looks of each phase come to what is possible at all, beside fixed ones; and whether the app looks as often. */
export async function pollingEfficiency(): Promise<Figure[]> {
  const { waits, report } = await referenceRuns();
  return phases.map((phase) => {
    const ours = efficiencyOf(phase, draws);
    const fixed = measure(phase, draws, (wait) => follow(wait, () => fixedSeconds, { atOnce: looksAtOnce(phase) }));
    const counted = report.deployments.reduce((sum, { name }) => sum + (report.cloud.looks[name]?.[phase] ?? 0), 0);
    const foretold = waits.reduce(
      (sum, each, index) => sum + ourDeployment(each, report.deployments[index]?.id ?? '').looks[phase],
      0,
    );
    return {
      name: `polling efficiency, ${phase} (goal ≥ 0.6)`,
      value: ours.efficiency.toFixed(2),
      against: `${ours.late.toFixed(1)} s late × ${ours.looks.toFixed(1)} looks; every ${fixedSeconds} s: ${fixed.efficiency.toFixed(2)}; the app looked ${counted} times where ${foretold} were foretold`,
    };
  });
}

/** How the app's looks at a phase come out over draws of its reference wait. */
export const efficiencyOf = (phase: WaitPhase, draws: number): Measured =>
  measure(phase, draws, (wait, index) => followAsWeDo(phase, wait, `draw ${index}`));

interface Measured {
  late: number;
  looks: number;
  /** The bound's share of what was measured; 1 is all that is possible. */
  efficiency: number;
}

/** Means over draws of a wait, the same for each way to look. */
function measure(phase: WaitPhase, draws: number, followed: (wait: number, index: number) => Followed): Measured {
  const law = referenceWaits[phase];
  const random = randomFrom(seed);
  const waits = Array.from({ length: draws }, () => drawFrom(law, random));
  const all = waits.map((wait, index) => ({ wait, ...followed(wait, index) }));
  const late = mean(all.map(({ wait, seenAfter }) => seenAfter - wait));
  const looks = mean(all.map(({ looks }) => looks));
  return { late, looks, efficiency: boundOf(law) / (late * looks) };
}

/** What always passes first moves the wait and changes nothing of the bound. */
function boundOf({ median, sigma }: WaitLaw): number {
  const density = (seconds: number): number =>
    Math.exp(-(Math.log(seconds / median) ** 2) / (2 * sigma ** 2)) / (seconds * sigma * Math.sqrt(2 * Math.PI));
  return leastProduct(density, median * Math.exp(6 * sigma));
}
