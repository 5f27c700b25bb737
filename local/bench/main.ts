import { benchHelloSequence } from '../host/benchHelloSequence.ts';
import { buildApp } from '../setup/build.ts';
import { ensureSpark } from '../setup/spark.ts';
import { demoFigures } from './demoFigures.ts';
import { eventToWake } from './eventToWake.ts';
import type { Figure } from './figure.ts';
import { firstAnswer } from './firstAnswer.ts';
import { historyRows } from './historyRows.ts';
import { importTime } from './importTime.ts';
import { runnerOverhead } from './runnerOverhead.ts';
import { telemetryCost } from './telemetryCost.ts';

const spark = await ensureSpark();

/** Measures the figures one after the other and prints each as soon as it is known. */
const benches: (() => Promise<Figure[]> | Figure[])[] = [
  () => [importTime()],
  async () => [await firstAnswer()],
  telemetryCost,
  async () => [await eventToWake()],
  helloSequence,
  historyRows,
  async () => [await runnerOverhead(spark)],
  demoFigures,
];

await buildApp();
for (const bench of benches) {
  for (const { name, value, against } of await bench())
    console.log(`${name.padEnd(64)} ${value.padStart(9)}   ${against}`);
}
process.exit(0);

/** A small number and a large one, so that the share of the fixed cost shows. */
async function helloSequence(): Promise<Figure[]> {
  const few = await benchHelloSequence(100);
  const many = await benchHelloSequence(500);
  const value = `${many.perSecond.toFixed(0)} /s`;
  const against = `500 at once; ${(many.perSecond / few.perSecond).toFixed(2)} × the rate of 100 at once (${few.perSecond.toFixed(0)} /s)`;
  return [{ name: 'hello-sequence orchestrations on the embedded host', value, against }];
}
