import { criticalPathSeconds, workOf } from './criticalPath.ts';
import { type Figure, median, quantile } from '../kit/figure.ts';
import { type RunsReport, runDeployments } from './virtual/runDeployments.ts';
import { drawWaits, referenceWaits, type Waits } from './waits.ts';

const seed = 2;
/** Shorter than the reference's, because a run meets no limit that deployments share. */
const notebooksSeconds = 300;
const laws = { ...referenceWaits, notebooks: { ...referenceWaits.notebooks, median: notebooksSeconds } };
const expected = { workspace: 180, storage: 40, runme: 360, notebooks: notebooksSeconds, warehouse: 240 };

/** What each deployment makes; anything beyond it was made twice. */
const made = { workspace: 1, identity: 1, role: 1, principal: 1, repository: 1, job: 2, run: 2, warehouse: 1 };

/** Steps that the cloud answers at once. */
const immediate = new Set([
  'preflight',
  'identity',
  'role',
  'principal',
  'compute',
  'repository',
  'job',
  'run',
  'verification',
]);

/** So many deployments started at the same moment, under the documented limits of Azure and Databricks. */
export async function load(count: number): Promise<Figure[]> {
  const waits = drawWaits(seed, count, laws);
  const settings = { EXPECTED_SECONDS: JSON.stringify(expected) };
  const report = await runDeployments({ waits, apartSeconds: 0, settings });
  return [refusals(count, report), outcome(count, report), lag(count, report, waits), memory(count, report)];
}

function refusals(count: number, { cloud }: RunsReport): Figure {
  const share = (server: string): string => {
    const answers = Object.entries(cloud.answers).filter(([name]) => name.startsWith(server));
    const all = answers.reduce((sum, [, times]) => sum + times, 0);
    const refused = answers.reduce((sum, [name, times]) => sum + (name.endsWith(' 429') ? times : 0), 0);
    return `${((100 * refused) / all).toFixed(2)} % of ${all}`;
  };
  return {
    name: `${count} at once: calls answered 429 (goal < 1 % at 200)`,
    value: share('').replace(/ of.*/, ''),
    against: `${share('')} calls; of Azure ${share('arm')}, of Databricks ${share('databricks')}`,
  };
}

function outcome(count: number, { deployments, cloud }: RunsReport): Figure {
  const lost = deployments.filter(({ succeeded }) => !succeeded);
  const twice = deployments.flatMap(({ name }) =>
    Object.entries(cloud.made[name] ?? {}).filter(([kind, times]) => times > made[kind as keyof typeof made]),
  );
  return {
    name: `${count} at once: lost and doubled (goal 0 and 0)`,
    value: `${lost.length} and ${twice.length}`,
    against: [`${count - lost.length} succeeded`, ...new Set(lost.map(({ failure = 'no end' }) => failure))].join(', '),
  };
}

function lag(count: number, { deployments }: RunsReport, waits: Waits[]): Figure {
  const steps = deployments.flatMap((each) => each.steps.filter(({ name }) => immediate.has(name)));
  const waited = steps.map(({ seconds }) => seconds);
  const lost = deployments.flatMap(({ wallSeconds }, index) => {
    const own = waits[index];
    return own ? [wallSeconds - criticalPathSeconds(workOf(own))] : [];
  });
  return {
    name: `${count} at once: a step waits for its turn at Azure, p95`,
    value: `${quantile(waited, 0.95).toFixed(1)} s`,
    against: `median ${median(waited).toFixed(1)} s, most ${Math.max(...waited).toFixed(0)} s; lost time of the whole: median ${median(lost).toFixed(0)} s, p95 ${quantile(lost, 0.95).toFixed(0)} s`,
  };
}

const memory = (count: number, { memoryBytes, cpuSeconds, hours }: RunsReport): Figure => ({
  name: `${count} at once: memory of the host (goal < 512 MB at 200)`,
  value: `${(memoryBytes / 1e6).toFixed(0)} MB`,
  against: `its process alone, at its most; it computed ${cpuSeconds.toFixed(0)} s in ${hours.toFixed(1)} virtual hours`,
});
