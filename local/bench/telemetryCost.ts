import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startCloud } from '../cloud/startCloud.ts';
import { acceleratorScript } from '../databricks/notebooks/acceleratorScript.ts';
import { scriptedCompute } from '../databricks/notebooks/scriptedCompute.ts';
import { systemClock } from '../kit/clock.ts';
import { type Figure, median, milliseconds, ratio } from '../kit/figure.ts';
import { noWait, startAndPost, timeOf } from './firstAnswer.ts';
import { timeOfImport } from '../setup/timeOfImport.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const runs = 9;

/** What telemetry adds to the time from process start to the first 202, beside none, taken in turn; and the import at its first use. */
export async function telemetryCost(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const compute = scriptedCompute(acceleratorScript, systemClock);
  const cloud = await startCloud({ folder, repository: root, compute, latencies: noWait, telemetry: true });
  const { APPLICATIONINSIGHTS_CONNECTION_STRING: _, ...without } = cloud.settings;
  const [on, off]: [number[], number[]] = [[], []];
  for (let run = 0; run < runs; run++) {
    off.push(await timeOf(() => startAndPost(join(folder, `off-${run}`), without, run)));
    on.push(await timeOf(() => startAndPost(join(folder, `on-${run}`), cloud.settings, runs + run)));
  }
  await cloud.close();
  rmSync(folder, { recursive: true, force: true });
  const [withIt, withoutIt] = [median(on), median(off)];
  const [chunk = ''] = globSync('dist/chunks/insightsSdk-*.mjs', { cwd: root });
  const loading = median(Array.from({ length: runs }, () => timeOfImport(`import('./${chunk}')`)));
  return [
    {
      name: 'telemetry adds to the first 202 (median of 9; goal < 60 ms)',
      value: milliseconds(withIt - withoutIt),
      against: `${ratio(withIt, withoutIt)} without it (${milliseconds(withoutIt)})`,
    },
    {
      name: 'import of telemetry, at the end of the first deployment',
      value: milliseconds(loading),
      against: 'a fresh process; never, when it is off',
    },
  ];
}
