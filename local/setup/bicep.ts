import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The Bicep compiler: what `BICEP` names, else that of the path, else that beside the checkout; undefined when there is none. */
export function findBicep(environment: Record<string, string | undefined> = process.env): string | undefined {
  const program = process.platform === 'win32' ? 'bicep.exe' : 'bicep';
  const named = environment['BICEP'];
  const onPath = (environment['PATH'] ?? '').split(delimiter).filter(Boolean);
  const candidates = named
    ? [named]
    : [...onPath, join(root, '../shared/tools')].map((folder) => join(folder, program));
  return candidates.find((file) => existsSync(file));
}

/** Runs the compiler; throws with what it says when it fails, or says anything of a warning. */
export function bicep(compiler: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(compiler, args, { cwd: root, encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0 || /\b(?:Warning|Error)\b/.test(stderr)) throw new Error(`bicep ${args.join(' ')}\n${stderr}`);
  return stdout;
}

/** The version of the compiler, such as 0.49.2. */
export const bicepVersion = (compiler: string): string =>
  /\d+\.\d+\.\d+/.exec(bicep(compiler, '--version'))?.[0] ?? 'unknown';

/** The templates that are compiled to JSON, because the portal reads no Bicep. */
export const templates = ['main', 'workspace'] as const;

/** What the snapshots take for granted: a subscription, group and region that exist nowhere. */
const snapshotPlace = [
  ['--subscription-id', '00000000-0000-4000-8000-000000000001'],
  ['--tenant-id', '00000000-0000-4000-8000-000000000009'],
  ['--resource-group', 'rg-accelerator'],
  ['--location', 'northeurope'],
].flat();

/** Evaluates a template with a file of parameters, and writes what would be made beside it or compares it with what is there. */
export const snapshot = (compiler: string, file: string, mode: 'overwrite' | 'validate'): string =>
  bicep(compiler, 'snapshot', file, '--mode', mode, ...snapshotPlace);
