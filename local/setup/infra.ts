import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bicep, findBicep, snapshot, templates } from './bicep.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Formats all Bicep, lints and compiles the templates and evaluates them anew for each file of parameters. */
function renewInfra(): void {
  const compiler = findBicep();
  if (!compiler)
    throw new Error('There is no Bicep compiler: name it in BICEP, or put it on the path (az bicep install).');
  for (const kind of ['bicep', 'bicepparam']) bicep(compiler, 'format', '--pattern', `infra/**/*.${kind}`);
  // Lints as well, the modules included.
  for (const name of templates) bicep(compiler, 'build', `infra/${name}.bicep`, '--outfile', `infra/${name}.json`);
  for (const file of globSync('infra/snapshots/*.bicepparam', { cwd: root })) snapshot(compiler, file, 'overwrite');
}

renewInfra();
