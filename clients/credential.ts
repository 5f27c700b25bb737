import type { TokenCredential } from '@azure/identity';
import { RetryableError } from '../domain/errors.ts';
import { endpointSettings } from './settings.ts';

let known: TokenCredential | undefined;

/** The credential of the app's own identity: that one alone, with no fall-through to a developer's sign-in. */
export async function credential(): Promise<TokenCredential> {
  if (!known) {
    // Loaded at the first use, because it is the slowest import of all.
    const { ManagedIdentityCredential } = await import('@azure/identity');
    known = classified(
      new ManagedIdentityCredential({ clientId: endpointSettings().AZURE_CLIENT_ID, retryOptions: { maxRetries: 0 } }),
    );
  }
  return known;
}

/** The same credential with its failures as TOKEN_UNAVAILABLE. */
const classified = (inner: TokenCredential): TokenCredential => ({
  async getToken(scopes, options) {
    try {
      return await inner.getToken(scopes, options);
    } catch (error) {
      throw new RetryableError('TOKEN_UNAVAILABLE', 'The managed identity endpoint gave no token.', {
        cause: String(error),
      });
    }
  },
});
