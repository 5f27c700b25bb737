import * as v from 'valibot';
import { databricks, id } from '../clients/databricks.ts';
import { isExisting } from '../clients/databricksFailure.ts';
import { RetryableError } from '../domain/errors.ts';
import type { Identity, Workspace } from '../domain/steps.ts';

const principals = '/api/2.0/preview/scim/v2/ServicePrincipals';
const found = v.object({ Resources: v.optional(v.array(v.object({ id })), []) });

/** Makes the managed identity a service principal of the workspace; SCIM refuses a second entry for one application id. */
export async function registerIdentity({
  workspace,
  identity,
}: {
  workspace: Workspace;
  identity: Identity;
}): Promise<{ id: string }> {
  const api = databricks(workspace);
  const find = async (): Promise<{ id: string } | undefined> =>
    (await api.get(principals, { filter: `applicationId eq "${identity.clientId}"` }, found)).Resources[0];
  const there = await find();
  if (there) return there;
  try {
    const entry = {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:ServicePrincipal'],
      applicationId: identity.clientId,
      displayName: identity.name,
    };
    return await api.post(principals, entry, v.object({ id }));
  } catch (error) {
    const now = isExisting(error) ? await find() : undefined;
    if (now) return now;
    if (isExisting(error))
      throw new RetryableError('DATABRICKS_UNAVAILABLE', 'The workspace knows the identity but does not list it yet.');
    throw error;
  }
}
