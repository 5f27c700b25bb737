import * as v from 'valibot';
import { TerminalError } from './errors.ts';

/** Reads settings by their schema; throws SETTINGS_INVALID with every name that is missing or wrong, never with a value. */
export function readSettings<S extends v.GenericSchema>(
  schema: S,
  environment: Record<string, string | undefined>,
): v.InferOutput<S> {
  const parsed = v.safeParse(schema, environment);
  if (parsed.success) return parsed.output;
  const names = parsed.issues.map(
    (issue) => `${v.getDotPath(issue) ?? ''} ${issue.received === 'undefined' ? 'is missing' : 'is not valid'}`,
  );
  throw new TerminalError('SETTINGS_INVALID', `${[...new Set(names)].join(', ')}.`);
}

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
