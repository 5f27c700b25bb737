import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildApp } from '../setup/build.ts';
import { type Program, spawnProgram } from './spawnProgram.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface StackOptions {
  /** Where everything is kept; started again there, the stack goes on. */
  folder: string;
  /** 0 takes free ports. */
  ports: { host: number; azure: number; identity: number };
}

/** The cloud and the function app, each a process of its own as they are in Azure. */
export interface Stack {
  url: string;
  /** Sent as `x-functions-key`. */
  functionKey: string;
  settings: Record<string, string>;
  cloud: Program;
  host: Program;
  logs: { cloud: string; host: string };
  stop(): Promise<void>;
}

/** Builds the app, starts the local cloud, then the host with the settings that the cloud gives. */
export async function startStack({ folder, ports }: StackOptions): Promise<Stack> {
  const logs = { cloud: join(folder, 'cloud.log'), host: join(folder, 'host.log') };
  const cloudArguments = [
    '--data',
    join(folder, 'cloud'),
    '--azure-port',
    String(ports.azure),
    '--identity-port',
    String(ports.identity),
  ];
  const [cloud] = await Promise.all([
    spawnProgram(join(root, 'local/cloud/main.ts'), cloudArguments, {}, logs.cloud),
    buildApp(),
  ]);
  const settings = JSON.parse(cloud.ready) as Record<string, string>;
  try {
    const functionKey = ensureFunctionKey(folder);
    writeFileSync(settingsFile(folder), JSON.stringify({ settings, functionKey, port: ports.host }), { mode: 0o600 });
    const host = await startHostProcess(folder);
    const stop = async (): Promise<void> => void (await Promise.all([host.stop(), cloud.stop()]));
    return { url: host.ready, functionKey, settings, cloud, host, logs, stop };
  } catch (error) {
    await cloud.stop();
    throw error;
  }
}

/** Starts the host of a stack that has been started in the folder before; the cloud has to be up. */
export function startHostProcess(folder: string): Promise<Program> {
  const { settings, functionKey, port } = readStack(folder);
  const hostArguments = [root, '--port', String(port), '--data', join(folder, 'host')];
  const environment = { ...settings, HOST_FUNCTION_KEY: functionKey };
  return spawnProgram(join(root, 'local/host/main.ts'), hostArguments, environment, join(folder, 'host.log'));
}

/** What a stack that was started in the folder is made of; throws when none was. */
export function readStack(folder: string): { settings: Record<string, string>; functionKey: string; port: number } {
  const file = settingsFile(folder);
  if (!existsSync(file)) throw new Error(`Nothing has been started in ${folder} yet.`);
  return JSON.parse(readFileSync(file, 'utf8')) as ReturnType<typeof readStack>;
}

const settingsFile = (folder: string): string => join(folder, 'stack.json');

function ensureFunctionKey(folder: string): string {
  const file = join(folder, 'function.key');
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, randomBytes(24).toString('base64url'), { mode: 0o600 });
  }
  return readFileSync(file, 'utf8');
}
