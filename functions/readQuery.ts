import type { HttpRequest } from '@azure/functions';
import * as v from 'valibot';
import { faultsIn, type RequestFault } from '../domain/request.ts';
import { FaultyRequest } from './faultyRequest.ts';

/** A parameter that is true or false; false when left out. */
export const flag = v.optional(
  v.pipe(
    v.picklist(['true', 'false'], 'Either true or false.'),
    v.transform((text) => text === 'true'),
  ),
  'false',
);

/**
 * The parameters of a query. Throws REQUEST_INVALID for one that is not known, so that a misspelt `dryRun` is never a start,
 * and for one that stands there twice. The function key may come along as `code`.
 */
export function readQuery<E extends v.ObjectEntries>(
  { query }: Pick<HttpRequest, 'query'>,
  entries: E,
): v.InferOutput<v.ObjectSchema<E, undefined>> {
  const repeated = new Set([...query.keys()].filter((name) => query.getAll(name).length > 1));
  if (repeated.size > 0) throw faulty([...repeated].map((name) => ({ pointer: `/${name}`, message: 'Once.' })));
  const { code: _key, ...given } = Object.fromEntries(query);
  const parsed = v.safeParse(v.strictObject(entries), given);
  if (parsed.success) return parsed.output;
  throw faulty(faultsIn(parsed.issues));
}

const faulty = (faults: RequestFault[]): FaultyRequest =>
  new FaultyRequest(
    'REQUEST_INVALID',
    'The query has faults.',
    faults.map(({ pointer, message }) => ({ pointer: pointer.replace(/^\//, '?'), message })),
  );
