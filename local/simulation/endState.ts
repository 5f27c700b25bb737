import type { Simulation } from './simulation.ts';

/** What the emulators hold after a deployment: documents by collection, without what differs from run to run. */
export type EndState = Record<string, string[]>;

/** Everything that a deployment makes. Statements and sessions of a warehouse are not among it: asking again is no effect. */
const collections = new Set([
  'azure.groups',
  'azure.identities',
  'azure.roleAssignments',
  'azure.workspaces',
  'members',
  'repos',
  'jobs',
  'runs',
  'clusters',
  'idempotencyTokens',
  'warehouses',
  'mlflowExperiments',
  'mlflowRuns',
  'mlflowModels/unity',
  'mlflowVersions/unity',
]);

/** Times, and the state of a warehouse, which stops by itself. */
const passing = /Ms$|^timestamp$|^state$/;

const ids: [RegExp, string][] = [
  [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uuid>'],
  [/\b\d{4}-\d{6}-[a-z0-9]{8}\b/g, '<cluster>'],
  [/\b(\d+)-[0-9a-z]{8}\b/g, '<attempt $1>'],
  [/\b[a-z]+-[a-z]+-\d+\b/g, '<run name>'],
  [/\b[0-9a-f]{16}\b|\b[0-9a-f]{32}\b/g, '<hex>'],
  [/\b\d{10,}\b/g, '<number>'],
  [/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>'],
];

/** The present state of all emulators, to be compared with that of another run. */
export function endState({ stores }: Simulation): EndState {
  const found: EndState = {};
  for (const store of stores.values())
    for (const [name, documents] of store.collections)
      if (collections.has(name)) (found[name] ??= []).push(...[...documents.values()].map(masked));
  return Object.fromEntries(Object.entries(found).map(([name, texts]) => [name, texts.toSorted()]));
}

/** A document as text, with the ids and times taken out. */
export function masked(document: unknown): string {
  const text = JSON.stringify(document, (key, value: unknown) => (passing.test(key) ? undefined : value));
  return ids.reduce((left, [pattern, name]) => left.replace(pattern, name), text);
}

/** What one state has and the other has not, in lines; none when they are equal. */
export function differences(wanted: EndState, found: EndState): string[] {
  const names = [...new Set([...Object.keys(wanted), ...Object.keys(found)])];
  return names.flatMap((name) => {
    const [missing, extra] = [without(wanted[name], found[name]), without(found[name], wanted[name])];
    return [
      ...missing.map((text) => `missing in ${name}: ${text}`),
      ...extra.map((text) => `extra in ${name}: ${text}`),
    ];
  });
}

function without(texts: readonly string[] = [], others: readonly string[] = []): string[] {
  const left = [...others];
  return texts.filter((text) => {
    const at = left.indexOf(text);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}
