import { formatJson } from '../../local/kit/json.ts';
import type { ApiReply } from '../../local/kit/router.ts';

/** A way in which an answer is not what the API promises. */
export interface Malformation {
  /** Goes behind the name of a call: `is empty`. */
  name: string;
  of: (reply: ApiReply) => ApiReply;
  /** Whether nothing of the true answer can be read in it. */
  isGarbage?: boolean;
}

const textOf = ({ body }: ApiReply): string => (typeof body === 'string' ? body : formatJson(body ?? null));
const bytesOf = (reply: ApiReply): Buffer => (Buffer.isBuffer(reply.body) ? reply.body : Buffer.from(textOf(reply)));
const withText = (reply: ApiReply, body: string, type = 'application/json'): ApiReply => ({
  ...reply,
  headers: { ...reply.headers, 'content-type': type },
  body,
});
const garbage = (name: string, of: Malformation['of']): Malformation => ({ name, of, isGarbage: true });

const ofAny: Malformation[] = [
  garbage('is empty', ({ body: _body, ...reply }) => reply),
  garbage('is 204 and empty', ({ headers = {} }) => ({ status: 204, headers })),
  garbage('is a page of HTML', (reply) => ({
    ...withText(reply, '<html><h1>Sign in</h1></html>', 'text/html'),
    status: 200,
  })),
  garbage('breaks off', (reply) => ({ ...reply, body: bytesOf(reply).subarray(0, bytesOf(reply).length >> 1) })),
  garbage('is of zeros', (reply) => ({ ...reply, body: Buffer.alloc(bytesOf(reply).length) })),
];

const ofJson: Malformation[] = [
  ...['null', '[]', '0', '"OK"', '18446744073709551616', 'true'].map((text) =>
    garbage(`is ${text}`, (reply) => withText(reply, text)),
  ),
  garbage('is in a list', (reply) => withText(reply, `[${textOf(reply)}]`)),
  garbage('is told twice', (reply) => withText(reply, textOf(reply) + textOf(reply))),
  { name: 'is {}', of: (reply) => withText(reply, '{}') },
  { name: 'is called text/plain', of: (reply) => withText(reply, textOf(reply), 'text/plain') },
];

/** Has fields that nobody knows in every object. */
export const withMore: Malformation = {
  name: 'has more fields',
  of: (reply) => ({ ...reply, body: withUnknownFields(reply.body) }),
};

/** What may become of an answer as a whole. */
export const ofWhole = (reply: ApiReply): Malformation[] =>
  isObject(reply.body) ? [...ofAny, ...ofJson, withMore] : ofAny;

/** What may become of one field: another value in its place, undefined for none at all. */
const changes: [name: string, change: (value: unknown) => unknown][] = [
  ['lacks', () => undefined],
  ['has null for', () => null],
  ['has a number for', () => 7],
  ['has a huge number for', () => 2n ** 70n],
  ['has another word for', () => 'SOMETHING_NEW'],
  ['has nothing in', (value) => (Array.isArray(value) ? [] : isObject(value) ? {} : '')],
  ['has a list for', (value) => [value]],
  ['has an object for', (value) => ({ value })],
];

/** What may become of the fields of an answer: for each field, all that may. */
export const ofFields = ({ body }: ApiReply): Malformation[][] =>
  pathsIn(body).map((path) =>
    changes.map(([name, change]) => ({ name: `${name} ${path.join('.')}`, of: withField(path, change) })),
  );

type Path = (string | number)[];

/** Another value at the place of a field. */
export const withField =
  (path: Path, change: (value: unknown) => unknown): Malformation['of'] =>
  (reply) => ({ ...reply, body: changedAt(reply.body, path, change) });

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Buffer.isBuffer(value) && !Array.isArray(value);

/** The places of all fields; of a list only the first item's. */
function pathsIn(value: unknown, at: Path = []): Path[] {
  if (Array.isArray(value)) return value.length > 0 ? [[...at, 0], ...pathsIn(value[0], [...at, 0])] : [];
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => [[...at, key], ...pathsIn(item, [...at, key])]);
}

/** A copy with another value at a place, in every item where the place leads into a list. */
function changedAt(value: unknown, [key, ...rest]: Path, change: (value: unknown) => unknown): unknown {
  if (key === undefined) return change(value);
  if (Array.isArray(value))
    return value.map((item) => changedAt(item, rest, change)).filter((item) => item !== undefined);
  if (!isObject(value) || !(key in value)) return value;
  return { ...value, [key]: changedAt(value[key], rest, change) };
}

function withUnknownFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withUnknownFields);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, withUnknownFields(item)]);
  // A text, because some objects are maps of texts, such as tags.
  return { newField: 'of a later version', ...Object.fromEntries(entries) };
}
