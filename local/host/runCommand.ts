import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { surviveWorkerExits } from './core/workerExit.ts';
import { HostError } from './hostError.ts';
import type { LogLevel } from './log.ts';
import { logLevels, stderrLog } from './log.ts';
import { startHost } from './startHost.ts';

const usage = `Usage: npm run host -- [app folder] [--port 7071] [--data <folder>] [--address 127.0.0.1]
                    [--log trace|debug|information|warning|error|critical|none] [--json] [--quiet] [--strict]

Serves a Node function app (programming model 4) with Durable Functions, kept in SQLite.
Default: the app in this folder, port 7071, data in <app folder>/.local/host.`;

class UsageError extends Error {}

interface Command {
  appFolder: string;
  port: number;
  address: string;
  dataFolder: string;
  level: LogLevel | 'none';
  json: boolean;
  strict: boolean;
}

function parseCommand(args: string[]): Command | 'help' {
  const { values, positionals } = parse(args);
  if (values.help) return 'help';
  if (positionals.length > 1) throw new UsageError('Name one app folder at most.');
  const appFolder = resolve(standingFolder(), positionals[0] ?? '.');
  const port = Number(values.port ?? 7071);
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new UsageError(`"${values.port}" is no port: give a number from 0 to 65535.`);
  const wanted = values.quiet ? 'error' : (values.log ?? 'information');
  const level = wanted === 'none' ? wanted : logLevels.find((one) => one === wanted);
  if (!level) throw new UsageError(`"${wanted}" is no log level: give one of ${logLevels.join(', ')}, none.`);
  return {
    appFolder,
    port,
    address: values.address ?? '127.0.0.1',
    dataFolder: resolve(standingFolder(), values.data ?? join(appFolder, '.local', 'host')),
    level,
    json: values.json ?? false,
    strict: values.strict ?? false,
  };
}

// `npm run` changes to the folder of the package; npm tells where the person stood.
function standingFolder(): string {
  return (process.env['npm_lifecycle_event'] === 'host' && process.env['INIT_CWD']) || process.cwd();
}

// Apps open files relative to their folder, which is the worker's working directory.
function enter(appFolder: string): void {
  try {
    process.chdir(appFolder);
  } catch {
    throw new HostError(`There is no folder ${appFolder}.`);
  }
}

function parse(args: string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: { port: text, data: text, address: text, log: text, json: flag, quiet: flag, strict: flag, help: flag },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

async function run(args: string[]): Promise<void> {
  const command = parseCommand(args);
  if (command === 'help') {
    console.log(usage);
    return;
  }
  const { level, json, ...options } = command;
  enter(command.appFolder);
  const log = stderrLog({ level, format: json ? 'json' : 'text' });
  const exit = surviveWorkerExits((message) => log({ level: 'error', category: 'host', message }));
  const host = await startHost({ ...options, log }).catch((error: unknown) => {
    process.exit = exit as typeof process.exit;
    throw error;
  });
  console.log(`Listening on ${host.url}`);
  for (const { name, methods, path, authLevel } of host.routes)
    console.log(
      `  ${name}: [${methods.join(',')}] ${host.url}${path}${authLevel === 'anonymous' ? '' : ` (${authLevel} key)`}`,
    );
  console.log(
    `Keys are in ${join(command.dataFolder, 'keys.json')}: send one as the header x-functions-key or as ?code=. ` +
      'HOST_MASTER_KEY, HOST_FUNCTION_KEY and HOST_DURABLE_KEY in the environment replace them.',
  );
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      void host.stop().then(() => exit(0));
    });
  }
}

/** Runs `npm run host` with these arguments; a fault ends the process with a sentence and exit code 2 or 1. */
export async function runCommand(args: string[]): Promise<void> {
  try {
    await run(args);
  } catch (error) {
    const isUsage = error instanceof UsageError;
    if (isUsage) console.error(`${error.message}\n\n${usage}`);
    else console.error(error instanceof HostError ? error.message : error);
    process.exit(isUsage ? 2 : 1);
  }
}
