import type { HttpClient } from '@azure/core-rest-pipeline';
import type { TokenCredential } from '@azure/identity';
import { RetryableError } from '../domain/errors.ts';
import { retryAfterSeconds } from './retryAfter.ts';
import { endpointSettings } from './settings.ts';

const callSeconds = 30;

let known: TokenCredential | undefined;

/** The credential of the app's own identity: that one alone, with no fall-through to a developer's sign-in. */
export async function credential(): Promise<TokenCredential> {
  known ??= await connect();
  return known;
}

async function connect(): Promise<TokenCredential> {
  // Loaded at the first use, because it is the slowest import of all.
  const [{ ManagedIdentityCredential }, { createDefaultHttpClient }] = await Promise.all([
    import('@azure/identity'),
    import('@azure/core-rest-pipeline'),
  ]);
  const client = createDefaultHttpClient();
  // The credential's errors do not carry the headers of the answer, so they are looked at on the way.
  let asked: number | undefined;
  const httpClient: HttpClient = {
    async sendRequest(request) {
      asked = undefined;
      // The credential takes no notice of a caller who gives up.
      request.timeout = callSeconds * 1000;
      const response = await client.sendRequest(request);
      asked = retryAfterSeconds(response.headers.get('retry-after'));
      return response;
    },
  };
  const { AZURE_CLIENT_ID: clientId } = endpointSettings();
  const inner = new ManagedIdentityCredential({ clientId, httpClient, retryOptions: { maxRetries: 0 } });
  return classified(inner, () => asked);
}

/** The same credential with its failures as TOKEN_UNAVAILABLE. */
const classified = (inner: TokenCredential, asked: () => number | undefined): TokenCredential => ({
  async getToken(scopes, options) {
    try {
      return await inner.getToken(scopes, options);
    } catch (error) {
      throw new RetryableError('TOKEN_UNAVAILABLE', 'The managed identity endpoint gave no token.', {
        cause: String(error),
        retryAfterSeconds: asked(),
      });
    }
  },
});
