import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, test } from 'vitest';
import { Bicep, findBicep } from '../../local/setup/bicep.ts';
import type { Snapshot } from './infra.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const compiler = findBicep();
const bicep = compiler === undefined ? undefined : new Bicep(compiler);
afterAll(() => bicep?.stop());

const missing = bicep
  ? ''
  : 'skipped: no Bicep compiler by BICEP, on the path, by az bicep install or in ../shared/tools';
const { metadata } = JSON.parse(readFileSync(`${root}infra/main.json`, 'utf8')) as {
  metadata: Record<'_generator', { version: string }>;
};
const committed = /^\d+\.\d+\.\d+/.exec(metadata['_generator'].version)?.[0] ?? '';
const version = await bicep?.version();
const foreign = version === committed ? '' : `skipped: the compiler is ${version}, infra/main.json is of ${committed}`;
if (missing || foreign) console.warn(`Tests of the Bicep templates are ${missing || foreign}.`);

type Run = (bicep: Bicep) => Promise<void>;

/** Runs the test with the compiler, or skips it and says why. */
function withCompiler(name: string, run: Run, why: string): void {
  const begin = bicep && !why ? test : test.skip;
  begin(why ? `${name} (${why})` : name, () => (bicep ? run(bicep) : undefined), 120_000);
}

/** A test that needs the compiler. */
export const bicepTest = (name: string, run: Run): void => withCompiler(name, run, missing);

/** A test that compares with what the compiler made; one of another version may write it otherwise. */
export const sameBicepTest = (name: string, run: Run): void => withCompiler(name, run, missing || foreign);

/** Evaluates a template with parameters as they stand in a .bicepparam file; throws what the compiler says. */
export async function evaluate(bicep: Bicep, parameters: string, template = 'main'): Promise<Snapshot> {
  const folder = mkdtempSync(join(tmpdir(), 'bicep-'));
  try {
    const file = join(folder, 'case.bicepparam');
    const target = relative(folder, join(root, `infra/${template}.bicep`)).replaceAll('\\', '/');
    writeFileSync(file, `using '${target}'\n${parameters}\n`);
    return JSON.parse(await bicep.snapshot(file)) as Snapshot;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
