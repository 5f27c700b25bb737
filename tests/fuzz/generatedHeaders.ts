import * as fc from 'fast-check';
import type { Entry } from './entries.ts';
import { type Judged, refused, taken } from './verdict.ts';

const principal = (claims: unknown): string =>
  Buffer.from(JSON.stringify({ claims, role_typ: 'roles' })).toString('base64');
const withRole = (val: unknown): string => principal([{ typ: 'roles', val }]);

/** Who calls, as App Service's authentication tells; whoever is nobody in particular may do all. */
export function callersOf({ methods, key }: Entry): fc.Arbitrary<Judged<string | undefined>> {
  const strange = [
    'x',
    '=',
    'e30=',
    'bnVsbA==',
    principal(null),
    principal([1]),
    principal([{ typ: 1 }]),
    withRole('Owner'),
    'A'.repeat(9000),
  ];
  const reads = methods.every((method) => method === 'GET');
  const none = key === undefined;
  return fc.oneof(
    { weight: 6, arbitrary: fc.constant(taken(undefined)) },
    { weight: 2, arbitrary: fc.constant(taken(withRole('Deployer'))) },
    { weight: 1, arbitrary: fc.constant({ value: withRole('Reader'), verdict: reads || none ? 'taken' : 'refused' }) },
    { weight: 1, arbitrary: fc.constantFrom(...strange).map((value) => (none ? taken(value) : refused(value))) },
  );
}

interface Shown {
  headers: Record<string, string>;
  search: [string, string][];
  opens: boolean;
}

/** How the key is shown; `opens`: whether it is the right one. */
export function keysOf({ key }: Entry): fc.Arbitrary<Shown> {
  const right: Shown = { headers: key === undefined ? {} : { 'x-functions-key': key }, search: [], opens: true };
  if (key === undefined) return fc.constant(right);
  return fc.oneof(
    { weight: 12, arbitrary: fc.constant(right) },
    { weight: 2, arbitrary: fc.constant<Shown>({ headers: {}, search: [['code', key]], opens: true }) },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom('x', key.toLowerCase().slice(1), `${key} x`, '__proto__')
        .map((wrong): Shown => ({ headers: { 'x-functions-key': wrong }, search: [['code', key]], opens: false })),
    },
    { weight: 1, arbitrary: fc.constant<Shown>({ headers: {}, search: [], opens: false }) },
  );
}

/** Headers that should not matter. */
export const noise: fc.Arbitrary<Record<string, string>> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({}) },
  {
    weight: 4,
    arbitrary: fc.dictionary(
      fc.constantFrom(
        'accept',
        'x-forwarded-host',
        'x-http-method-override',
        'x-original-url',
        'content-type',
        'origin',
        'cookie',
        'range',
        'content-encoding',
        'if-none-match',
        'traceparent',
        'x-ms-client-principal-name',
        'x-ms-client-principal-id',
        'x-ms-request-id',
      ),
      fc.constantFrom(
        '',
        'DELETE',
        '*/*',
        'application/json; charset=utf-16',
        'text/html',
        'gzip',
        '../x',
        '\u00fc\u00ff',
        'x'.repeat(4000),
        '{"a":',
        'bytes=0-1',
        '__proto__',
      ),
      { maxKeys: 3 },
    ),
  },
);

/** Hosts by which it may be called. What is none is turned away before the app. */
export const hosts: fc.Arbitrary<{ headers: Record<string, string>; isSound: boolean }> = fc.oneof(
  { weight: 20, arbitrary: fc.constant({ headers: {}, isSound: true }) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('deployer.example.test', 'localhost:1', '[::1]:7071')
      .map((host) => ({ headers: { host }, isSound: true })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('localhost:99999', 'a b', 'a/b', '<x>', '[::1')
      .map((host) => ({ headers: { host }, isSound: false })),
  },
);
