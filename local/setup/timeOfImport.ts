import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Milliseconds that an import takes in a fresh process. The shim comes first, as in the host: without it the packages warn about each registration. */
export function timeOfImport(importing: string): number {
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
