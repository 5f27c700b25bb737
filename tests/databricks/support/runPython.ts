import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { ensurePython } from '../../../local/setup/python.ts';
import { type Json, type TestWorkspace } from './startTestWorkspace.ts';

/** Runs a program of a user beside the tests, signed in as the administrator, and gives the JSON of its last line. */
export async function runPython(workspace: TestWorkspace, file: string, ...parameters: string[]): Promise<Json> {
  const { python, compiled } = await ensurePython();
  await workspace.call('GET', '/api/2.0/preview/scim/v2/Me');
  const program = fileURLToPath(new URL(`../${file}`, import.meta.url));
  const child = spawn(python, [program, ...parameters], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: workspace.folder,
      TMPDIR: process.env['TMPDIR'],
      PYTHONPYCACHEPREFIX: compiled,
      DATABRICKS_HOST: `https://${workspace.host}`,
      DATABRICKS_TOKEN: workspace.token(),
      REQUESTS_CA_BUNDLE: workspace.caFile,
      NO_PROXY: 'localhost',
      // Failures come at once instead of after the client's many retries.
      MLFLOW_HTTP_REQUEST_MAX_RETRIES: '1',
    },
  });
  const ended = once(child, 'exit');
  const [printed, complaints] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await ended) as [number];
  expect(code, `${printed}\n${complaints}`).toBe(0);
  return JSON.parse(printed.trim().split('\n').at(-1) ?? '');
}

/** What of the run's requests the emulator does not offer; empty when a client can do what it tried. */
export const refusals = ({ server }: TestWorkspace): string[] =>
  server.requests.filter(({ status }) => status === 501).map(({ method, path }) => `${method} ${path}`);
