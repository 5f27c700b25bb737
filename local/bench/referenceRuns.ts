import { type RunsReport, runDeployments } from './virtual/runDeployments.ts';
import { drawWaits, type Waits } from './waits.ts';

export const seed = 1;
const runs = 40;
/** No limit of Azure is met in between. */
const apartSeconds = 300;

export interface ReferenceRuns {
  waits: Waits[];
  report: RunsReport;
}

let known: Promise<ReferenceRuns> | undefined;

/** Deployments whose waits are drawn from the reference, by the real app in virtual time; run once for all who ask. */
export const referenceRuns = (): Promise<ReferenceRuns> => (known ??= run());

async function run(): Promise<ReferenceRuns> {
  const waits = drawWaits(seed, runs);
  const report = await runDeployments({ waits, apartSeconds });
  const failed = report.deployments.filter(({ succeeded }) => !succeeded);
  if (failed.length > 0) throw new Error(`Deployments failed: ${failed.map(({ failure }) => failure).join(', ')}.`);
  return { waits, report };
}
