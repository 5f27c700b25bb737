import type { RegisteredFunction, TypedData } from './appRegistry.ts';

/** The values of a function's durable client inputs, by their names. */
export function clientInputs({ metadata }: RegisteredFunction, binding: string): Record<string, TypedData> {
  const names = Object.entries(metadata.bindings)
    .filter(([, { type, direction }]) => direction === 'in' && type.toLowerCase() === 'durableclient')
    .map(([name]) => name);
  return Object.fromEntries(names.map((name) => [name, { string: binding }]));
}
