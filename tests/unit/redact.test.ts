import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redact } from '../../domain/redact.ts';

const base64 = 'Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYg==';

/** Texts as clouds say them, each with the part of it that must not be seen. */
const canaries: [what: string, text: string, secret: string][] = [
  ['a JWT', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJjYW5hcnkifQ.Y2FuYXJ5c2ln', 'eyJzdWIiOiJjYW5hcnkifQ'],
  ['a JWT that was cut', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJjYW5hcnkif', 'eyJzdWIiOiJj'],
  ['a bearer token', 'Authorization: Bearer b64+opaque/canary=.token', 'opaque/canary'],
  ['basic credentials', 'authorization: basic dXNlcjpwYXNz', 'dXNlcjpwYXNz'],
  ['a Databricks token', 'dapi0123456789abcdef0123456789abcdef-2', '0123456789abcdef'],
  ['a GitHub token', 'ghp_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789', 'AbCdEfGhIj'],
  ['a fine-grained GitHub token', 'github_pat_11AAAAAAA0canarycanary_canary', 'canarycanary'],
  ['a client secret of Entra ID', 'abc8Q~Canary.canary-CANARY_canary~0123', 'Canary.canary'],
  ['a storage key', base64, 'Zm9vYmFyYmF6cXV4'],
  ['a connection string', `AccountName=a;AccountKey=${base64};EndpointSuffix=x`, 'Zm9vYmFyYmF6cXV4'],
  [
    'a Service Bus connection string',
    'Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey=Canary+key=',
    'Canary+key',
  ],
  ['a shared access signature', 'https://a.blob.core.windows.net/c?sv=2024&se=2026&sr=c&sig=Can%2Fary%3D', 'Can%2Fary'],
  ['a signature in escaped HTML', 'https://a.test/c?sv=1&amp;sig=Canary%3D', 'Canary'],
  ['an escaped signed URL', 'next=https%3A%2F%2Fa.test%2Fc%3Fsv%3D1%26sig%3DCanary', 'Canary'],
  [
    'a signed operation URL',
    'https://management.azure.com/x?api-version=1&t=639&c=Canaryc&s=Canarys&h=Canaryh',
    'Canary',
  ],
  ['a function key in a URL', 'GET https://app.test/api/deployments?code=Canary-key== failed', 'Canary-key'],
  ['a function key in a header', 'x-functions-key: Canary-key==', 'Canary-key'],
  ['a status link', 'https://app.test/api/deployments/1/status?expires=1&signature=Canary-_x', 'Canary'],
  ['credentials in a repository URL', 'cloning https://user:Canary123@github.com/x/y failed', 'Canary123'],
  ['a password in JSON', '{"user":"me","password":"Canary with \\"words\\""}', 'words'],
  ['a token in JSON', '{"access_token": "Canary_opaque", "expires_in": 1}', 'Canary_opaque'],
  ['a token in JSON within JSON', '{"body":"{\\"client_secret\\":\\"Canary\\"}"}', 'Canary'],
  ['a token in a form', 'grant_type=x&client_id=1&client_secret=Canary&scope=y', 'Canary'],
  ['a token of a Git credential', "personal_access_token='Canary'", 'Canary'],
  ['a private key', '-----BEGIN RSA PRIVATE KEY-----\nCanary\nMIIE\n-----END RSA PRIVATE KEY-----', 'Canary'],
];

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
    ['a storage key', base64, 'Zm9vYmFyYmF6cXV4'],
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
