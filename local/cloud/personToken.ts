import type { KeyObject } from 'node:crypto';
import type { Clock } from '../kit/clock.ts';
import { signToken } from '../kit/tokens.ts';
import { localPerson, tenantId } from './localNames.ts';

/** The Azure CLI's application id, the same in every tenant. */
export const azureCli = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';
const lifeSeconds = 3600;

/** What `az account get-access-token` would give the local person: a token for Resource Manager, signed with the directory's key. */
export function personToken(signingKey: KeyObject, clock: Clock): string {
  const nowSeconds = Math.floor(clock.now() / 1000);
  const claims = {
    aud: 'https://management.azure.com',
    iss: `https://sts.windows.net/${tenantId}/`,
    tid: tenantId,
    oid: localPerson.objectId,
    appid: azureCli,
    iat: nowSeconds,
    nbf: nowSeconds - 300,
    exp: nowSeconds + lifeSeconds,
  };
  return signToken(claims, signingKey);
}
