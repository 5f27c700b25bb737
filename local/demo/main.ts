import { cpSync, existsSync, globSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { localLocation, localResourceGroup } from '../cloud/localNames.ts';
import { ensureSpark } from '../setup/spark.ts';
import { type Stack, startStack } from '../stack/startStack.ts';
import { followDeployment, startDeployment } from './followDeployment.ts';
import { notebookParameters } from './parameters.ts';
import { Renderer } from './render.ts';
import type { StatusResource } from '../../domain/status.ts';
import { summary } from './summary.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    parameter: { type: 'string', multiple: true, default: [] },
    data: { type: 'string', default: fileURLToPath(new URL('../../.local/demo', import.meta.url)) },
  },
});
const folder = values.data;

// Progress goes to stderr, so that stdout is the result alone.
const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Deploys the accelerator once on a fresh local cloud and shows it; resolves with the exit code. */
async function demo(): Promise<number> {
  await ensureSpark();
  if (existsSync(folder) && readdirSync(folder).length > 0 && !existsSync(join(folder, 'function.key'))) {
    throw new Error(`${folder} holds something else than a demo; give --data an empty folder.`);
  }
  rmSync(folder, { recursive: true, force: true });
  say('Starting the local cloud and the function app …');
  const stack = await startStack({ folder, ports: { host: 0, azure: 0, identity: 0 } });
  try {
    say(`Function app ${stack.url}   Azure ${stack.settings['AZURE_RESOURCE_MANAGER_URL']}   logs ${folder}/*.log\n`);
    const started = await startDeployment(stack.url, stack.functionKey, {
      accelerator: 'predicting-implied-volatility',
      resourceGroup: localResourceGroup,
      workspaceName: 'dbw-volatility',
      location: localLocation,
      parameters: notebookParameters(values.parameter),
    });
    say(`Deployment ${started.id}\nStatus     ${started.statusQueryGetUri}\n`);
    const status = await Promise.race([followDeployment(started, liveView(Date.now())), diedOf(stack)]);
    const text = summary(status, copyPictures(status));
    process.stdout.write(values.json ? `${JSON.stringify(status, null, 2)}\n` : `\n${text}\n`);
    if (values.json && status.failure) say(text);
    return status.runtimeStatus === 'Completed' ? 0 : 1;
  } finally {
    await stack.stop();
  }
}

/** Rejects when one of the stack's processes has ended, which nobody asked for while the deployment is followed. */
async function diedOf({ host, cloud, logs }: Stack): Promise<never> {
  const ends = [host.ended.then((how) => [how, logs.host]), cloud.ended.then((how) => [how, logs.cloud])];
  const [how, log] = await Promise.race(ends);
  throw new Error(`A process of the local stack has ended (${how}); its log is ${log}.`);
}

/** Copies the pictures that the notebooks name out of the workspace's files, which are hard to find. */
function copyPictures({ results }: StatusResource): string[] {
  const { pictures = [] } = (results ?? {}) as { pictures?: string[] };
  return pictures.flatMap((path) => {
    const [file] = globSync(join(folder, 'cloud/databricks/*/files', path));
    if (!file) return [];
    const copy = join(folder, 'pictures', basename(file));
    cpSync(file, copy);
    return [copy];
  });
}

/** Prints each change as a line of its own; on a terminal also a last line that says what runs now. */
function liveView(startedMs: number): (status: StatusResource) => void {
  const renderer = new Renderer(startedMs);
  const { isTTY, columns } = process.stderr;
  const animated = isTTY && !process.env['NO_COLOR'] && !process.env['CI'] && process.env['TERM'] !== 'dumb';
  return (status) => {
    if (animated) process.stderr.write('\r\u001B[K');
    for (const line of renderer.changes(status)) say(line);
    if (animated) process.stderr.write(renderer.now(status, Date.now()).slice(0, columns - 1));
  };
}

process.exitCode = await demo().catch((error: unknown) => {
  say(`The demo could not run: ${error instanceof Error ? error.message : String(error)}`);
  return 1;
});
