import * as v from 'valibot';
import { RetryableError } from '../domain/errors.ts';

const mostFaults = 5;

/** An answer as the schema has it; throws ANSWER_INVALID for another shape. `call` says whose answer it is. */
export function checkedAnswer<S extends v.GenericSchema>(schema: S, answer: unknown, call: string): v.InferOutput<S> {
  // To a schema a list is an object without fields.
  const parsed = v.safeParse(schema, Array.isArray(answer) ? 'a list' : answer);
  if (parsed.success) return parsed.output;
  const faults = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? '(root)'}: ${issue.message}`);
  throw new RetryableError('ANSWER_INVALID', `${call}: the answer has an unknown shape.`, {
    cause: faults.slice(0, mostFaults).join('; '),
  });
}
