import { createHash } from 'node:crypto';
import type { HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import * as v from 'valibot';
import { TerminalError } from '../domain/errors.ts';
import { deployerSettings } from './settings.ts';

/** The app roles that this app knows: a `Deployer` may do everything, a `Reader` may read. */
export type Role = 'Deployer' | 'Reader';

/** Who calls, as far as App Service's authentication says. */
export interface Caller {
  /** For the record and the log. */
  name?: string;
  /** Tells callers apart without saying who they are: a hash of the principal's id. */
  key: string;
  /** The roles in the token; undefined when it carries none. */
  roles?: string[];
}

/** What counts as the one caller for all who come with the function key alone. */
export const keyCaller: Caller = { key: 'key' };

/** Starts by events of the subscription, which are nobody's calls. */
export const eventCaller: Caller = { name: 'Event Grid', key: 'event-grid' };

/** Decoded by App Service's rules (azure-docs, app-service/configure-authentication-user-identities). */
const principal = v.object({
  claims: v.array(v.object({ typ: v.string(), val: v.unknown() })),
  name_typ: v.optional(v.string()),
  role_typ: v.optional(v.string()),
});

// Entra ID's app roles come under the token's own name, while `role_typ` is a URI.
const roleClaims = new Set(['roles', 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role']);
/** Of an application's token, which has no name. */
const applicationClaims = ['appid', 'azp'];

/** Whether App Service says who calls. */
const authenticates = (): boolean => deployerSettings().WEBSITE_AUTH_ENABLED.toLowerCase() === 'true';

/** The caller by the headers that App Service sets; they are believed only where its authentication is on, for else anyone could set them. */
export function callerOf({ headers }: Pick<HttpRequest, 'headers'>): Caller {
  if (!authenticates()) return keyCaller;
  const known = principalIn(headers.get('x-ms-client-principal'));
  const { claims = [], name_typ: nameType, role_typ: roleType } = known ?? {};
  const valueOf = (...types: (string | undefined)[]): string | undefined =>
    claims.find(({ typ, val }) => types.includes(typ) && val !== '')?.val;
  const id = headers.get('x-ms-client-principal-id');
  const name = headers.get('x-ms-client-principal-name') || valueOf(nameType) || valueOf(...applicationClaims);
  const roles = claims.filter(({ typ }) => typ === roleType || roleClaims.has(typ)).map(({ val }) => val);
  return {
    key: id || name ? hashOf(id || name || '') : keyCaller.key,
    ...(name && { name: name.replace(/\p{Cc}/gu, ' ').slice(0, 256) }),
    // One that cannot be read may hold roles, so it is taken for a token whose roles are none of ours.
    ...((roles.length > 0 || !known) && { roles }),
  };
}

/** The name of who calls, for the record and the log. */
export const callerName = (request: Pick<HttpRequest, 'headers'>): string | undefined => callerOf(request).name;

/**
 * The handler for those alone who may do what the role allows: a token with roles needs the role, one without any passes
 * unless the settings require roles. Throws CALLER_NOT_ALLOWED. The function key is asked for before all this.
 */
export function guarded<H extends (...args: Parameters<H>) => Promise<HttpResponseInit>>(role: Role, handler: H): H {
  const allowed = async (...args: Parameters<H>): Promise<HttpResponseInit> => {
    const [request, ...others] = args as unknown as [HttpRequest, ...unknown[]];
    const caller = callerOf(request);
    if (!mayDo(caller, role)) {
      const context = others.at(-1) as InvocationContext;
      const why = authenticates() ? 'role' : 'authenticationOff';
      context.warn(JSON.stringify({ evt: 'caller.refused', needs: role, caller: caller.name, why }));
      throw new TerminalError('CALLER_NOT_ALLOWED', `This needs the app role ${role}.`);
    }
    return handler(...args);
  };
  return allowed as H;
}

function mayDo({ roles }: Caller, role: Role): boolean {
  if (!roles) return deployerSettings().ROLES_REQUIRED !== 'True';
  return roles.includes('Deployer') || roles.includes(role);
}

interface Principal {
  claims: { typ: string; val: string }[];
  name_typ?: string | undefined;
  role_typ?: string | undefined;
}

/** The principal in the header; without claims when there is none, undefined when it cannot be read. */
function principalIn(header: string | null): Principal | undefined {
  if (!header) return { claims: [] };
  const known = v.safeParse(principal, parsed(header));
  if (!known.success) return undefined;
  const claims = known.output.claims.flatMap(({ typ, val }) => (typeof val === 'string' ? [{ typ, val }] : []));
  return { ...known.output, claims };
}

function parsed(base64: string): unknown {
  // Of two headers, joined by a comma, the decoder would take the first.
  if (!/^[\w+/]+=*$/.test(base64)) return undefined;
  try {
    return JSON.parse(Buffer.from(base64, 'base64').toString());
  } catch {
    return undefined;
  }
}

const hashOf = (id: string): string => createHash('sha256').update(id.toLowerCase()).digest('hex').slice(0, 16);
