import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redact } from '../../domain/redact.ts';
import { canaries, storageKey } from '../support/canaries.ts';

describe('redact', () => {
  test.each(canaries)('hides %s', (_what, text, secret) => {
    expect(text).toContain(secret);
    expect(redact(text)).not.toContain(secret);
  });

  test.each(canaries)('hides %s whatever stands before and behind it', (_what, text, secret) => {
    const around = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('', 'x', '_', '"', '\n', '=', '9'),
    );
    fc.assert(
      fc.property(around, around, (before, behind) => {
        expect(redact(`${before} ${text} ${behind}`)).not.toContain(secret);
      }),
    );
  });

  test.each([
    ['a JWT', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJjYW5hcnkifQ.Y2FuYXJ5c2ln', 'eyJzdWIiOiJjYW5hcnkifQ'],
    ['a Databricks token', 'dapi0123456789abcdef0123456789abcdef', '0123456789abcdef'],
    ['a storage key', storageKey, 'Zm9vYmFyYmF6cXV4'],
  ])('hides %s glued to other text', (_what, text, secret) => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, behind) => {
        expect(redact(before + text + behind)).not.toContain(secret);
      }),
    );
  });

  test.each([
    'The workspace ws-a was not ready within 45 minutes.',
    "The client 'b24988ac-6180-42a0-ab88-20f7382dd24c' does not have authorization to perform action 'Microsoft.Databricks/workspaces/write'.",
    'GET /api/2.2/jobs/runs/get: 400 INVALID_PARAMETER_VALUE Run 455644833 does not exist.',
    'https://adb-1234567890123456.7.azuredatabricks.net/jobs/12/runs/34?o=1234567890123456',
    'Databricks could not check out tag v1.0 of https://github.com/org/repo at 2108b8a58fa013290c1e6e9f4d6a4d0b1c2d3e4f.',
    '{"idempotency_token":"0123456789abcdef01234567-1","run_id":"9007199254740993"}',
    'SyntaxError: Unexpected token } in JSON at position 7',
  ])('leaves ordinary words as they are: %s', (text) => {
    expect(redact(text)).toBe(text);
  });

  test('changes nothing when applied again', () => {
    const pieces = fc.array(fc.oneof(fc.string(), fc.constantFrom(...canaries.map(([, text]) => text))));
    fc.assert(
      fc.property(pieces, (texts) => {
        const once = redact(texts.join(' '));
        expect(redact(once)).toBe(once);
      }),
    );
  });

  test('takes no longer than a moment for a long hostile text', () => {
    const startedMs = performance.now();
    for (const piece of [
      'eyJ',
      'https://a:',
      'password',
      'x8Q~',
      '-----BEGIN PRIVATE KEY-----',
      'Bearer ',
      '&s=',
      'A',
      '"',
    ]) {
      redact(piece.repeat(20_000));
    }
    expect(performance.now() - startedMs).toBeLessThan(5000);
  });
});
