import * as v from 'valibot';

const unkept = new Set(['__proto__', 'prototype', 'constructor']);

/** Refuses what Valibot would take in silence: a list for an object, and three names that it leaves out of records. */
export const plainObject = v.pipe(
  v.unknown(),
  v.check((value) => !Array.isArray(value), 'This is a list, where an object is expected.'),
  v.check(
    (value) => !Object.keys(Object(value) as object).some((key) => unkept.has(key)),
    'The names __proto__, prototype and constructor cannot be used.',
  ),
);
