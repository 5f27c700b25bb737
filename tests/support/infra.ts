import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(root + path, 'utf8');

/** A resource that Azure would have, as the compiler evaluates it. What is only known in Azure is an expression in brackets. */
export interface PredictedResource {
  id: string;
  type: string;
  name: string;
  apiVersion: string;
  location?: string;
  tags?: Record<string, string>;
  // oxlint-disable-next-line typescript/no-explicit-any -- as many shapes as there are types
  [other: string]: any;
}

export interface Snapshot {
  predictedResources: PredictedResource[];
  diagnostics: unknown[];
  outputs: Record<string, unknown>;
}

/** The files of parameters, without their ending. */
export const snapshotNames = globSync('infra/snapshots/*.bicepparam', { cwd: root })
  .map((path) => basename(path, '.bicepparam'))
  .toSorted();

/** What a committed file of parameters makes. */
export const readSnapshot = (name: string): Snapshot =>
  JSON.parse(read(`infra/snapshots/${name}.snapshot.json`)) as Snapshot;

/** The resources of a snapshot that have the type. */
export const ofType = (resources: PredictedResource[], type: string): PredictedResource[] =>
  resources.filter((resource) => resource.type === type);

/** The first resource that has the type; throws when there is none. */
export function firstOf(resources: PredictedResource[], type: string): PredictedResource {
  const [first] = ofType(resources, type);
  if (!first) throw new Error(`There is no ${type}.`);
  return first;
}

/** The settings that the app gets. */
export function appSettingsOf({ predictedResources }: Snapshot): Record<string, string> {
  const settings = predictedResources.find(({ id }) => id.endsWith('/config/appsettings'));
  return (settings?.['properties'] ?? {}) as Record<string, string>;
}

export interface Template {
  parameters?: Record<string, { type?: string; defaultValue?: unknown; metadata?: { description?: string } }>;
  variables?: Record<string, unknown>;
  outputs?: Record<string, { type?: string; value?: unknown }>;
  resources: Record<string, TemplateResource>;
}

interface TemplateResource {
  type: string;
  apiVersion: string;
  existing?: boolean;
  dependsOn?: string[];
  properties?: { template?: Template };
}

/** A compiled template. */
export const readTemplate = (name: 'main' | 'workspace'): Template =>
  JSON.parse(read(`infra/${name}.json`)) as Template;

/** The resources of a template by their symbols; one without references to others has them as a list. */
const entriesOf = (template: Template): [string, TemplateResource][] => Object.entries(template.resources);

/** The template and its modules, by their names. */
export function withModules(name: string, template: Template): [name: string, template: Template][] {
  const modules = entriesOf(template).flatMap(([symbol, { properties }]) =>
    properties?.template ? withModules(symbol, properties.template) : [],
  );
  return [[name, template], ...modules];
}

/** Both templates with their modules. */
export const allTemplates = (): [name: string, template: Template][] =>
  (['main', 'workspace'] as const).flatMap((name) => withModules(name, readTemplate(name)));

/** The module of that name of the main template. */
export function moduleOf(template: Template, name: string): Template {
  const module = template.resources[name]?.properties?.template;
  if (!module) throw new Error(`There is no module ${name}.`);
  return module;
}

/** Everything that has to be there before the resource of that symbol is made. */
export function before(template: Template, symbol: string, known = new Set<string>()): Set<string> {
  for (const other of template.resources[symbol]?.dependsOn ?? []) {
    if (known.has(other)) continue;
    known.add(other);
    before(template, other, known);
  }
  return known;
}

/** Every text in a JSON value. */
export function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}

/** The Bicep files of the repository. */
export const bicepFiles = (): { path: string; text: string }[] =>
  globSync('infra/**/*.bicep', { cwd: root })
    .toSorted()
    .map((path) => ({ path: path.replaceAll('\\', '/'), text: read(path) }));
