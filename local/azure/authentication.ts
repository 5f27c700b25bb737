import type { KeyObject } from 'node:crypto';
import type { Clock } from '../kit/clock.ts';
import type { ApiRequest } from '../kit/router.ts';
import { type TokenClaims, verifyToken } from '../kit/tokens.ts';
import { ArmError } from './armError.ts';

const audiences = ['https://management.azure.com', 'https://management.core.windows.net'];

/** Tells who sent a request; throws ARM's 401 with its challenge when the token is missing, foreign, stale or for another service. */
export type Authentication = (request: ApiRequest) => TokenClaims;

export function authentication(tenantId: string, signingKey: KeyObject, clock: Clock): Authentication {
  const refuse = (code: string, message: string): ArmError =>
    new ArmError(401, code, message, {
      headers: {
        'www-authenticate': `Bearer authorization_uri="https://login.windows.net/${tenantId}", error="invalid_token", error_description="${message}"`,
      },
    });
  return (request) => {
    const header = request.headers['authorization'];
    if (!header) throw refuse('AuthenticationFailed', "Authentication failed. The 'Authorization' header is missing.");
    const token = /^Bearer +(\S+)$/i.exec(header)?.[1];
    if (!token) {
      throw refuse(
        'AuthenticationFailedInvalidHeader',
        "Authentication failed. The 'Authorization' header is provided in an invalid format.",
      );
    }
    const claims = verifyToken(token, audiences, signingKey, clock);
    if ('refused' in claims) throw refuse(codeFor(claims.refused), claims.refused);
    if (claims.tid === tenantId) return claims;
    throw refuse(
      'InvalidAuthenticationTokenTenant',
      `The access token is from the wrong issuer '${claims.iss}'. It must match the tenant associated with this subscription.`,
    );
  };
}

function codeFor(reason: string): string {
  if (reason.includes('expired')) return 'ExpiredAuthenticationToken';
  return reason.includes('audience') ? 'InvalidAuthenticationTokenAudience' : 'InvalidAuthenticationToken';
}
