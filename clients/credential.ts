import type { HttpClient } from '@azure/core-rest-pipeline';
import type { TokenCredential } from '@azure/identity';
import * as v from 'valibot';
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
  // The credential's errors do not carry the headers of the answer, so they are looked at on the way; and the answer itself,
  // because the credential would keep what is no token for a day.
  let asked: number | undefined;
  let fault: string | undefined;
  const httpClient: HttpClient = {
    async sendRequest(request) {
      asked = fault = undefined;
      // The credential takes no notice of a caller who gives up.
      request.timeout = callSeconds * 1000;
      const response = await client.sendRequest(request);
      asked = retryAfterSeconds(response.headers.get('retry-after'));
      fault = response.status < 300 ? faultIn(response.bodyAsText) : undefined;
      if (fault) throw new Error(fault);
      return response;
    },
  };
  const { AZURE_CLIENT_ID: clientId } = endpointSettings();
  const inner = new ManagedIdentityCredential({ clientId, httpClient, retryOptions: { maxRetries: 0 } });
  return classified(inner, () => ({ asked, fault }));
}

const filled = v.pipe(v.string(), v.nonEmpty());
/** What App Service's managed-identity protocol promises. */
const answer = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    access_token: filled,
    // Seconds since 1970; one far beyond them would be believed for ever.
    expires_on: v.pipe(v.union([v.string(), v.number()]), v.transform(String), v.regex(/^\d{1,11}$/)),
    resource: filled,
    token_type: v.literal('Bearer'),
  }),
);

function faultIn(text: string | null | undefined): string | undefined {
  const [issue] = v.safeParse(answer, text).issues ?? [];
  // Not what was received: that may be the token.
  return issue && `The answer has no ${v.getDotPath(issue) ?? 'JSON object'} of its kind.`;
}

interface Seen {
  asked: number | undefined;
  fault: string | undefined;
}

/** The same credential with its failures as TOKEN_UNAVAILABLE. */
const classified = (inner: TokenCredential, seen: () => Seen): TokenCredential => ({
  async getToken(scopes, options) {
    try {
      return await inner.getToken(scopes, options);
    } catch (error) {
      const { asked, fault } = seen();
      throw new RetryableError('TOKEN_UNAVAILABLE', 'The managed identity endpoint gave no token.', {
        cause: fault ?? String(error),
        retryAfterSeconds: asked,
      });
    }
  },
});
