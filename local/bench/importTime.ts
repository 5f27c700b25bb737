import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Figure, median, milliseconds, ratio } from './figure.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const runs = 9;

/** Time to import the bundle in a fresh process, beside the two Functions packages alone, taken in turn. */
export function importTime(): Figure {
  const bundle: number[] = [];
  const packages: number[] = [];
  for (let run = 0; run < runs; run++) {
    bundle.push(timeOf("import('./dist/functions.mjs')"));
    packages.push(timeOf("import('@azure/functions').then(() => import('durable-functions'))"));
  }
  const [own, least] = [median(bundle), median(packages)];
  return {
    name: 'import of the bundle (median of 9 processes; goal < 200 ms)',
    value: milliseconds(own),
    against: `${ratio(own, least)} the Functions packages alone (${milliseconds(least)})`,
  };
}

/** Milliseconds that an import takes in a fresh process. The shim comes first, as in the host: without it the packages warn about each registration. */
export function timeOf(importing: string): number {
  const program = `
    const { installFunctionsCore } = await import('./local/host/core/functionsCore.ts');
    installFunctionsCore();
    const started = performance.now();
    await ${importing};
    console.log(performance.now() - started);
    process.exit(0);`;
  return Number(
    execFileSync(process.execPath, ['--input-type=module', '--eval', program], { cwd: root, encoding: 'utf8' }),
  );
}
