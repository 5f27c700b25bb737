import { globSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Bicep, findBicep, templates } from './bicep.ts';

const infra = fileURLToPath(new URL('../../infra', import.meta.url));

/** Formats all Bicep, lints and compiles the templates, and evaluates them anew for each file of parameters. */
async function renewInfra(): Promise<void> {
  const compiler = findBicep();
  if (!compiler)
    throw new Error('There is no Bicep compiler: name it in BICEP, put it on the path, or run az bicep install.');
  const bicep = new Bicep(compiler);
  try {
    const paths = (pattern: string): string[] => globSync(pattern, { cwd: infra }).map((path) => join(infra, path));
    for (const path of paths('**/*.{bicep,bicepparam}')) writeFileSync(path, await bicep.format(path));
    for (const name of templates)
      writeFileSync(join(infra, `${name}.json`), await bicep.compile(join(infra, `${name}.bicep`)));
    for (const path of paths('snapshots/*.bicepparam'))
      writeFileSync(path.replace(/bicepparam$/, 'snapshot.json'), await bicep.snapshot(path));
  } finally {
    bicep.stop();
  }
}

await renewInfra();
