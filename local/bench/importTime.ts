import { type Figure, median, milliseconds, ratio } from '../kit/figure.ts';
import { timeOfImport } from '../setup/timeOfImport.ts';

const runs = 9;

/** Time to import the bundle in a fresh process, beside the two Functions packages alone, taken in turn. */
export function importTime(): Figure {
  const bundle: number[] = [];
  const packages: number[] = [];
  for (let run = 0; run < runs; run++) {
    bundle.push(timeOfImport("import('./dist/functions.mjs')"));
    packages.push(timeOfImport("import('@azure/functions').then(() => import('durable-functions'))"));
  }
  const [own, least] = [median(bundle), median(packages)];
  return {
    name: 'import of the bundle (median of 9 processes; goal < 200 ms)',
    value: milliseconds(own),
    against: `${ratio(own, least)} the Functions packages alone (${milliseconds(least)})`,
  };
}
