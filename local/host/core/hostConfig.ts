import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { HostError } from '../hostError.ts';

/** The settings of `host.json` that this host obeys. */
export interface HostConfig {
  routePrefix: string;
  hubName: string;
  connectionName: string;
  maxConcurrentActivities: number;
  maxConcurrentOrchestrators: number;
  storeInputs: boolean;
  defaultVersion: string | null;
  versionMatchStrategy: 'None' | 'Strict' | 'CurrentOrOlder';
  versionFailureStrategy: 'Reject' | 'Fail';
}

type Json = Record<string, unknown>;

/** Reads `host.json` of an app; settings that it lacks have the real host's defaults. */
export function readHostConfig(appFolder: string): HostConfig {
  const path = join(appFolder, 'host.json');
  if (!existsSync(path)) throw new HostError(`${appFolder} is no function app: it has no host.json.`);
  const extensions = object(parse(path)['extensions']);
  const durable = object(extensions['durableTask']);
  const storage = object(durable['storageProvider']);
  const perCore = 10 * availableParallelism();
  return {
    routePrefix: text(object(extensions['http'])['routePrefix']) ?? 'api',
    hubName: resolveSetting(text(durable['hubName'])) ?? process.env['WEBSITE_SITE_NAME'] ?? 'TestHubName',
    connectionName: text(storage['connectionStringName']) ?? text(storage['connectionName']) ?? 'Storage',
    maxConcurrentActivities: count(durable['maxConcurrentActivityFunctions']) ?? perCore,
    maxConcurrentOrchestrators: count(durable['maxConcurrentOrchestratorFunctions']) ?? perCore,
    storeInputs: durable['storeInputsInOrchestrationHistory'] === true,
    defaultVersion: text(durable['defaultVersion']) ?? null,
    versionMatchStrategy: oneOf(
      durable['versionMatchStrategy'],
      ['None', 'Strict', 'CurrentOrOlder'],
      'CurrentOrOlder',
    ),
    versionFailureStrategy: oneOf(durable['versionFailureStrategy'], ['Reject', 'Fail'], 'Reject'),
  };
}

/** Puts `Values` of the app's `local.settings.json` and `settings` into the environment; what is set there already stays. */
export function applySettings(appFolder: string, settings: Record<string, string> = {}): void {
  const path = join(appFolder, 'local.settings.json');
  const values = existsSync(path) ? object(parse(path)['Values']) : {};
  for (const [name, value] of Object.entries({ ...values, ...settings })) {
    if (process.env[name] === undefined && value !== null) {
      process.env[name] = typeof value === 'string' ? value : JSON.stringify(value);
    }
  }
}

// Both files may carry comments, which the real host accepts.
function parse(path: string): Json {
  const content = readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  try {
    return object(JSON.parse(content.replace(/("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, '$1')));
  } catch (error) {
    throw new HostError(`${path} is not JSON: ${(error as Error).message}`);
  }
}

function resolveSetting(value: string | undefined): string | undefined {
  return value?.replace(/%([^%]+)%/g, (whole, name: string) => process.env[name] ?? whole);
}

function object(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 ? value : undefined;
}

function oneOf<Choice extends string>(value: unknown, choices: readonly Choice[], fallback: Choice): Choice {
  const wanted = typeof value === 'string' ? value.toLowerCase() : undefined;
  return choices.find((choice) => choice.toLowerCase() === wanted) ?? fallback;
}
