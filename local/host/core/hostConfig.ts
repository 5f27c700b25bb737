import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { HostError } from '../hostError.ts';

/** The settings of `host.json` that this host obeys. */
export interface HostConfig {
  routePrefix: string;
  /** The only functions to serve, in lower case; undefined for all. */
  functions: string[] | undefined;
  hubName: string;
  connectionName: string;
  maxConcurrentActivities: number;
  maxConcurrentOrchestrators: number;
  storeInputs: boolean;
  /** Whether a start under the id of a running instance takes its place instead of being refused. */
  replacesRunning: boolean;
  defaultVersion: string | null;
  versionMatchStrategy: 'None' | 'Strict' | 'CurrentOrOlder';
  versionFailureStrategy: 'Reject' | 'Fail';
}

type Json = Record<string, unknown>;

/** Reads `host.json` of an app; settings that it lacks have the real host's defaults. */
export function readHostConfig(appFolder: string): HostConfig {
  const path = join(appFolder, 'host.json');
  if (!existsSync(path)) throw new HostError(`${appFolder} is no function app: it has no host.json.`);
  const file = parse(path);
  const setting = configurationOf(file);
  checkVersion(path, setting('version'));
  const durable = (name: string): unknown => setting(`extensions:durableTask:${name}`);
  const perCore = 10 * availableParallelism();
  const functions = setting('functions');
  return {
    routePrefix: (text(setting('extensions:http:routePrefix')) ?? 'api').replace(/^\/|\/$/g, ''),
    functions: Array.isArray(functions) ? functions.map((name) => String(name).toLowerCase()) : undefined,
    hubName: resolveSetting(text(durable('hubName'))) ?? process.env['WEBSITE_SITE_NAME'] ?? 'TestHubName',
    connectionName:
      text(durable('storageProvider:connectionStringName')) ??
      text(durable('storageProvider:connectionName')) ??
      'Storage',
    maxConcurrentActivities: count(durable('maxConcurrentActivityFunctions')) ?? perCore,
    maxConcurrentOrchestrators: count(durable('maxConcurrentOrchestratorFunctions')) ?? perCore,
    storeInputs: flag(durable('storeInputsInOrchestrationHistory')),
    replacesRunning: text(durable('overridableExistingInstanceStates'))?.toLowerCase() === 'anystate',
    defaultVersion: text(durable('defaultVersion')) ?? null,
    versionMatchStrategy: oneOf(
      durable('versionMatchStrategy'),
      ['None', 'Strict', 'CurrentOrOlder'],
      'CurrentOrOlder',
    ),
    versionFailureStrategy: oneOf(durable('versionFailureStrategy'), ['Reject', 'Fail'], 'Reject'),
  };
}

function checkVersion(path: string, version: unknown): void {
  if (version === undefined)
    throw new HostError(`${path} is missing the required 'version' property: set it to "2.0".`);
  if (version !== '2.0')
    throw new HostError(`${path}: ${JSON.stringify(version)} is an invalid value for 'version': set it to "2.0".`);
}

/** Puts `Values` of the app's `local.settings.json` and `settings` into the environment; what is set there already stays. */
export function applySettings(appFolder: string, settings: Record<string, string> = {}): void {
  const path = join(appFolder, 'local.settings.json');
  const file = existsSync(path) ? parse(path) : {};
  if (file['IsEncrypted'] === true)
    throw new HostError(`${path} is encrypted, which this host cannot read: run "func settings decrypt" there first.`);
  for (const [name, value] of Object.entries({ ...object(file['Values']), ...settings })) {
    if (process.env[name] === undefined && value !== null) {
      process.env[name] = typeof value === 'string' ? value : JSON.stringify(value);
    }
  }
}

/** A text with each `%NAME%` replaced by the setting of that name; one that is not set stays. */
export function resolveSetting(value: string | undefined): string | undefined {
  return value?.replace(/%([^%]+)%/g, (whole, name: string) => process.env[name] ?? whole);
}

/** .NET's configuration: names without case, and the environment before the file. */
function configurationOf(file: Json): (path: string) => unknown {
  const variables = new Map(Object.entries(process.env).map(([name, value]) => [name.toLowerCase(), value]));
  return (path) => {
    const override = variables.get(`azurefunctionsjobhost__${path.replaceAll(':', '__')}`.toLowerCase());
    if (override !== undefined) return override;
    return path.split(':').reduce<unknown>((value, part) => {
      const entries = Object.entries(object(value));
      return entries.find(([name]) => name.toLowerCase() === part.toLowerCase())?.[1];
    }, file);
  };
}

// Both files may carry comments and commas before a closing bracket, which the real host accepts.
function parse(path: string): Json {
  const content = readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  const text = /"(?:\\.|[^"\\])*"/.source;
  const bare = content.replace(new RegExp(`(${text})|//[^\\n]*|/\\*[^]*?\\*/`, 'g'), '$1');
  try {
    return object(JSON.parse(bare.replace(new RegExp(`(${text})|,(?=\\s*[}\\]])`, 'g'), '$1')));
  } catch (error) {
    throw new HostError(`${path} is not JSON: ${(error as Error).message}`);
  }
}

function object(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function count(value: unknown): number | undefined {
  const number = Number(value);
  return number > 0 ? number : undefined;
}

function flag(value: unknown): boolean {
  return String(value).toLowerCase() === 'true';
}

function oneOf<Choice extends string>(value: unknown, choices: readonly Choice[], fallback: Choice): Choice {
  const wanted = typeof value === 'string' ? value.toLowerCase() : undefined;
  return choices.find((choice) => choice.toLowerCase() === wanted) ?? fallback;
}
