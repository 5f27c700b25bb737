import { HttpRequest } from '@azure/functions';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DeploymentError } from '../../domain/errors.ts';
import { readJson } from '../../functions/readJson.ts';
import { repeatedKey } from '../../functions/repeatedKey.ts';

const post = (body: string | Buffer, headers: Record<string, string> = {}): HttpRequest =>
  new HttpRequest({
    method: 'POST',
    url: 'https://app.test/api/deployments',
    body: typeof body === 'string' ? { string: body } : { bytes: body },
    headers,
  });

const codeOf = async (request: HttpRequest): Promise<string> => {
  try {
    await readJson(request);
    return 'read';
  } catch (error) {
    return error instanceof DeploymentError ? error.failure.code : String(error);
  }
};

describe('readJson', () => {
  test('reads what JSON.parse reads', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 4 }), async (value) => {
        const text = JSON.stringify(value);
        fc.pre(text.length < 10_000);
        expect(await readJson(post(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  test.each<[what: string, body: string | Buffer, code: string]>([
    ['an empty body', '', 'REQUEST_NOT_JSON'],
    ['a blank body', ' \n', 'REQUEST_NOT_JSON'],
    ['a body that is no JSON', '{"a":', 'REQUEST_NOT_JSON'],
    ['HTML', '<html>', 'REQUEST_NOT_JSON'],
    ['a key that stands twice', '{"a":1,"b":{"a":1},"a":2}', 'REQUEST_INVALID'],
    ['a key that stands twice in two spellings', '{"a":1,"\\u0061":2}', 'REQUEST_INVALID'],
    ['the deepest nesting that fits', '['.repeat(8192) + ']'.repeat(8192), 'read'],
    ['one byte too much', JSON.stringify('x'.repeat(16 * 1024 - 1)), 'REQUEST_TOO_LARGE'],
    ['what is no UTF-8', Buffer.from('{"a":"Überseequartier"}', 'latin1'), 'REQUEST_NOT_JSON'],
    ['a byte order mark before JSON', '\ufeff{}', 'read'],
    ['too many bytes in few characters', JSON.stringify('€'.repeat(6000)), 'REQUEST_TOO_LARGE'],
  ])('answers %s with the right code', async (_what, text, code) => {
    expect(await codeOf(post(text))).toBe(code);
  });

  test('does not read a body that is announced as too large', async () => {
    expect(await codeOf(post('{}', { 'content-length': '16385' }))).toBe('REQUEST_TOO_LARGE');
  });
});

describe('repeatedKey', () => {
  test('finds nothing in any JSON of which no key is repeated', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(repeatedKey(text, JSON.parse(text))).toBeUndefined();
      }),
      { numRuns: 1000 },
    );
    expect(repeatedKey('[{"a":"\\"a\\":"},{"a":1}]', [{ a: '"a":' }, { a: 1 }])).toBeUndefined();
  });

  test.each(['{"a":1,"a":1}', '{"x":[{"a" :{}, "a"\n:[]}]}', '{"__proto__":1,"__proto__":2}', '{"":1,"":2}'])(
    'names the key in %s',
    (text) => {
      expect(repeatedKey(text, JSON.parse(text))).toBe(/"(a|__proto__|)"\s*:/.exec(text)?.[1]);
    },
  );
});
