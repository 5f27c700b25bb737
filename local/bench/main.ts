import { parseArgs } from 'node:util';
import { buildApp } from '../setup/build.ts';
import { ensureSpark } from '../setup/spark.ts';
import { demoFigures } from './demoFigures.ts';
import { eventToWake } from './eventToWake.ts';
import type { Figure } from '../kit/figure.ts';
import { firstAnswer } from './firstAnswer.ts';
import { helloSequence } from './helloSequence.ts';
import { hourOfRun } from './hourOfRun.ts';
import { importTime } from './importTime.ts';
import { load } from './load.ts';
import { lostTime } from './lostTime.ts';
import { packageFigures } from './packageFigures.ts';
import { pollingEfficiency } from './pollingEfficiency.ts';
import { runnerOverhead } from './runnerOverhead.ts';
import { telemetryCost } from './telemetryCost.ts';

const benches: Record<string, () => Promise<Figure[]> | Figure[]> = {
  import: () => [importTime()],
  package: packageFigures,
  'first-answer': async () => [await firstAnswer()],
  telemetry: telemetryCost,
  event: async () => [await eventToWake()],
  hello: helloSequence,
  'lost-time': lostTime,
  polling: pollingEfficiency,
  hour: hourOfRun,
  'load-50': () => load(50),
  'load-200': () => load(200),
  'load-1000': () => load(1000),
  runner: async () => [await runnerOverhead(await ensureSpark())],
  demo: async () => {
    await ensureSpark();
    return demoFigures();
  },
};

/** Takes twenty minutes, so it runs only by its name. */
const onlyByName = new Set(['load-1000']);

const { values, positionals } = parseArgs({ options: { json: { type: 'boolean' } }, allowPositionals: true });
const unknown = positionals.filter((name) => !(name in benches));
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}.`);
  process.exit(2);
}
const chosen = positionals.length > 0 ? positionals : Object.keys(benches).filter((name) => !onlyByName.has(name));

/** Measures the chosen figures one after the other and prints each as soon as it is known. */
await buildApp();
for (const name of chosen) for (const figure of (await benches[name]?.()) ?? []) print(figure);
process.exit(0);

function print(figure: Figure): void {
  if (values.json) return console.log(JSON.stringify(figure));
  const { name, value, against, assuming } = figure;
  console.log(`${name.padEnd(76)} ${value.padStart(9)}   ${against}`);
  if (assuming) console.log(`  assuming ${assuming}`);
}
