import { existsSync, globSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AppRegistry } from './appRegistry.ts';
import { collectRegistrations } from './functionsCore.ts';
import { HostError } from '../hostError.ts';

/** Apps that this process has loaded: modules cannot be unloaded, so every host of one folder shares what it registered. */
const loadedApps = new Map<string, Promise<AppRegistry>>();

let lastLoad: Promise<unknown> = Promise.resolve();

/** Loads the function app in `folder` by its `package.json` `main` (a path or a glob), once per process. */
export function loadApp(folder: string): Promise<AppRegistry> {
  const root = realpathSync(folder);
  const known = loadedApps.get(root);
  if (known) return known;
  // One app at a time, because registrations carry no sender.
  const loading = lastLoad.then(() => load(root));
  lastLoad = loading.catch(() => undefined);
  loadedApps.set(root, loading);
  return loading;
}

async function load(root: string): Promise<AppRegistry> {
  const { main, type } = readPackage(root);
  const files = globSync(main, { cwd: root }).sort();
  if (files.length === 0)
    throw new HostError(`No file matches "${main}", the "main" of ${join(root, 'package.json')}.`);
  const require = createRequire(join(root, 'package.json'));
  const registry = await collectRegistrations(async () => {
    for (const file of files) {
      const path = resolve(root, file);
      const isEsModule = path.endsWith('.mjs') || (type === 'module' && !path.endsWith('.cjs'));
      try {
        if (isEsModule) await import(/* @vite-ignore */ pathToFileURL(path).href);
        else require(path);
      } catch (error) {
        throw new HostError(`Worker was unable to load entry point "${file}": ${describe(error)}`);
      }
    }
  });
  if (!registry.model || registry.functions.size === 0) throw new HostError(noFunctions(root));
  registry.httpUri = (await registry.model.getCapabilities?.({}))?.['HttpUri'];
  return registry;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function noFunctions(root: string): string {
  const old = globSync('*/function.json', { cwd: root });
  if (old.length > 0)
    return `${root} has ${old.join(', ')}: apps of programming model 3 are not served, only those that call app.http() and the like.`;
  return `The app in ${root} registers no functions with @azure/functions 4.`;
}

function readPackage(root: string): { main: string; type: string | undefined } {
  const path = join(root, 'package.json');
  if (!existsSync(path)) throw new HostError(`${root} is no function app: it has no package.json.`);
  const content = parsePackage(path);
  if (typeof content.main !== 'string' || content.main === '')
    throw new HostError(
      globSync('*/function.json', { cwd: root }).length > 0
        ? noFunctions(root)
        : `${path} has no "main", so there is no file to load functions from.`,
    );
  return { main: content.main, type: typeof content.type === 'string' ? content.type : undefined };
}

function parsePackage(path: string): { main?: unknown; type?: unknown } {
  try {
    return JSON.parse(readFileSync(path, 'utf8').replace(/^\uFEFF/, '')) as { main?: unknown; type?: unknown };
  } catch (error) {
    throw new HostError(`${path} is not JSON: ${(error as Error).message}`);
  }
}
