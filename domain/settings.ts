import * as v from 'valibot';
import { TerminalError } from './errors.ts';

type Environment = Record<string, string | undefined>;
type SettingsSchema = v.GenericSchema & { entries: v.ObjectEntries };

/** Reads settings by their schema; throws SETTINGS_INVALID with every name that is missing or wrong, never with a value. */
export function readSettings<S extends SettingsSchema>(schema: S, environment: Environment): v.InferOutput<S> {
  const unresolved = Object.keys(schema.entries).filter((name) => isUnresolved(environment[name]));
  const parsed = v.safeParse(schema, environment);
  if (parsed.success && unresolved.length === 0) return parsed.output;
  const faults = (parsed.issues ?? []).map(
    (issue) => [v.getDotPath(issue) ?? '', issue.received === 'undefined' ? 'is missing' : 'is not valid'] as const,
  );
  const told = faults.filter(([path]) => !unresolved.includes(path.split('.')[0] ?? ''));
  const names = [
    ...unresolved.map((name) => `${name} is a reference that App Service did not resolve`),
    ...told.map((fault) => fault.join(' ')),
  ];
  throw new TerminalError('SETTINGS_INVALID', `${[...new Set(names)].join(', ')}.`);
}

/** App Service leaves the reference itself where it cannot read the secret; its text is no secret, and no value. */
const isUnresolved = (value: string | undefined): boolean =>
  /^\s*@Microsoft\.(?:KeyVault|AppConfiguration)\(/i.test(value ?? '');

/** A comma-separated list; empty for none. */
export const anyList = v.pipe(
  v.string(),
  v.transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  ),
);

/** A comma-separated list of one or more. */
export const list = v.pipe(anyList, v.minLength(1));

/** A positive number written as text. */
export const positive = v.pipe(v.string(), v.transform(Number), v.number(), v.gtValue(0), v.finite());

/** A JSON text that fits the schema. */
export const json = <S extends v.GenericSchema>(schema: S) => v.pipe(v.string(), v.parseJson(), schema);
