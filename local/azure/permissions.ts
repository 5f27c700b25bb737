import type { Access } from './access.ts';
import type { ArmApi } from './armApi.ts';
import type { ArmContext } from './armState.ts';
import { knownScope } from './roleAssignments.ts';

const type = 'Microsoft.Authorization/permissions';
const versions = ['2015-07-01', '2018-07-01', '2022-04-01'];

/** What the caller may do at a scope: one entry for each of its roles there or above, none when it has no role. */
export function servePermissions(api: ArmApi, context: ArmContext, access: Access): void {
  api.router.on('GET', `/{scope*}/providers/${type}`, (request) => {
    api.requireVersion(request, type, versions);
    const caller = api.authenticate(request);
    const scope = knownScope(request, api, context);
    access.asks(caller.oid, `${type}/read`, scope, { list: true });
    const roles = access.rolesOf(caller.oid, scope);
    const value = roles.map(({ actions, notActions = [] }) => ({
      actions,
      notActions,
      dataActions: [],
      notDataActions: [],
    }));
    return { body: { value } };
  });
}
