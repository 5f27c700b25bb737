import type { Figure } from '../kit/figure.ts';
import { referenceRuns } from './referenceRuns.ts';
import { type RunsReport, runDeployments } from './virtual/runDeployments.ts';
import { referenceWaits } from './waits.ts';

/** Twice as long as is expected, when looks are most frequent: the limit of the accelerator's own job. */
const longSeconds = 7200;

/** What an hour of a deployment costs: looks, rows of history and executions, of one with a long run and of the reference's. */
export async function hourOfRun(): Promise<Figure[]> {
  const { workspace, storage, runme, warehouse } = referenceWaits;
  const waits = {
    workspace: workspace.median,
    storage: storage.median,
    runme: runme.atLeast + runme.median,
    notebooks: longSeconds,
    warehouse: warehouse.median,
  };
  const long = perHour(await runDeployments({ waits: [waits], apartSeconds: 0 }));
  const usual = perHour((await referenceRuns()).report);
  const figure = (what: keyof PerHour, name: string, goal: number): Figure => ({
    name: `${name} per hour of run (goal ≤ ${goal})`,
    value: long[what].toFixed(0),
    against: `notebooks of ${longSeconds / 3600} h where 1 is expected; ${usual[what].toFixed(0)} over the reference deployments`,
  });
  return [
    figure('looks', 'status reads', 90),
    figure('rows', 'rows of history', 800),
    figure('executions', 'executions', 300),
  ];
}

interface PerHour {
  looks: number;
  rows: number;
  /** Calls of orchestrators and activities, which the Consumption plan counts alike. */
  executions: number;
}

function perHour({ deployments, cloud, work }: RunsReport): PerHour {
  const hours = deployments.reduce((sum, { wallSeconds }) => sum + wallSeconds, 0) / 3600;
  const looks = Object.values(cloud.looks).flatMap((phases) => Object.values(phases));
  return {
    looks: looks.reduce((sum, count) => sum + count, 0) / hours,
    rows: work.historyRows / hours,
    executions: (work.episodes + work.activities) / hours,
  };
}
