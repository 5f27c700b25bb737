/** An account key of Azure Storage, as long as they are. */
export const storageKey = 'Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYg==';

/** Texts as clouds say them, each with the part of it that must not be seen. */
export const canaries: [what: string, text: string, secret: string][] = [
  ['a JWT', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJjYW5hcnkifQ.Y2FuYXJ5c2ln', 'eyJzdWIiOiJjYW5hcnkifQ'],
  ['a JWT that was cut', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJjYW5hcnkif', 'eyJzdWIiOiJj'],
  ['a bearer token', 'Authorization: Bearer b64+opaque/canary=.token', 'opaque/canary'],
  ['basic credentials', 'authorization: basic dXNlcjpwYXNz', 'dXNlcjpwYXNz'],
  ['a Databricks token', 'dapi0123456789abcdef0123456789abcdef-2', '0123456789abcdef'],
  ['a GitHub token', 'ghp_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789', 'AbCdEfGhIj'],
  ['a fine-grained GitHub token', 'github_pat_11AAAAAAA0canarycanary_canary', 'canarycanary'],
  ['a client secret of Entra ID', 'abc8Q~Canary.canary-CANARY_canary~0123', 'Canary.canary'],
  ['a storage key', storageKey, 'Zm9vYmFyYmF6cXV4'],
  ['a connection string', `AccountName=a;AccountKey=${storageKey};EndpointSuffix=x`, 'Zm9vYmFyYmF6cXV4'],
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
  ['a password in JSON', '{"user":"me","password":"Canary with \\"Canary-words\\""}', 'Canary-words'],
  ['a token in JSON', '{"access_token": "Canary_opaque", "expires_in": 1}', 'Canary_opaque'],
  ['a token in JSON within JSON', '{"body":"{\\"client_secret\\":\\"Canary\\"}"}', 'Canary'],
  ['a token in a form', 'grant_type=x&client_id=1&client_secret=Canary&scope=y', 'Canary'],
  ['a token of a Git credential', "personal_access_token='Canary'", 'Canary'],
  ['a private key', '-----BEGIN RSA PRIVATE KEY-----\nCanary\nMIIE\n-----END RSA PRIVATE KEY-----', 'Canary'],
];
