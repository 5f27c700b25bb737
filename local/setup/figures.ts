import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensurePython } from './python.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs the figures' command in the Python environment, with its exit code; a folder that is not absolute is the repository's. */
async function runFigures(args: string[]): Promise<number> {
  const { python, compiled } = await ensurePython();
  const path = [join(root, 'notebooks'), ...(process.env['PYTHONPATH'] ? [process.env['PYTHONPATH']] : [])];
  const env = { ...process.env, PYTHONPYCACHEPREFIX: compiled, PYTHONPATH: path.join(delimiter) };
  const child = spawn(python, ['-m', 'implied_volatility.figures', ...args], { cwd: root, env, stdio: 'inherit' });
  // A terminal sends Ctrl-C to all of them; this one waits for what Python says, and passes on what only it got.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
}

process.exitCode = await runFigures(process.argv.slice(2));
