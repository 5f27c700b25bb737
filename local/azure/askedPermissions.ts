import type { Router } from '../kit/router.ts';

/** A permission that a call needed, as the role assignments of the emulator gave or refused it. */
export interface AskedPermission {
  /** Object id of who asked. */
  principalId: string;
  /** `Microsoft.Databricks/workspaces/write`. */
  action: string;
  scope: string;
  /** A list shows what its caller may see, and refuses nobody. */
  list?: true;
  /** Of a role assignment that is written or deleted, which conditions are about. */
  assignment?: AssignmentAttributes;
  granted: boolean;
}

/** What a condition can ask of a role assignment. */
export interface AssignmentAttributes {
  roleDefinitionId: string;
  principalId: string;
  principalType: string;
}

/** What has been asked, each once. */
export interface AskedPermissions {
  note(asked: AskedPermission): void;
  values(): AskedPermission[];
  /** Adds `GET` and `DELETE /__permissions`. */
  addRoutes(router: Router): Router;
}

const keptMost = 5000;
const path = '/__permissions';

export function askedPermissions(): AskedPermissions {
  const known = new Map<string, AskedPermission>();
  return {
    note(asked) {
      const { principalId, action, scope, granted, assignment } = asked;
      const key = [principalId, action, scope, granted, assignment?.roleDefinitionId].join(' ').toLowerCase();
      known.set(key, asked);
      const [oldest] = known.keys();
      if (known.size > keptMost && oldest !== undefined) known.delete(oldest);
    },
    values: () => [...known.values()],
    addRoutes: (router) =>
      router
        .on('GET', path, () => ({ body: [...known.values()] }))
        .on('DELETE', path, () => {
          known.clear();
          return { status: 204 };
        }),
  };
}
