import type { ApiReply } from '../kit/router.ts';
import { invalidContent, resourceNotFound } from './armError.ts';
import type { ArmApi, ArmRequest } from './armApi.ts';
import { type ArmContext, keyOf, type Workspace } from './armState.ts';
import { objectBody, objectField, tagsOf, textField } from './requestBody.ts';
import type { SubscriptionEvents } from './subscriptionEvents.ts';

const type = 'Microsoft.Resources/tags';
const path =
  '/resourceGroups/{resourceGroupName}/providers/Microsoft.Databricks/workspaces/{name}/providers/Microsoft.Resources/tags/default';
const versions = ['2021-04-01', '2022-09-01', '2024-03-01', '2024-11-01', '2025-04-01'];

/** The tags API at a workspace, by which the portal and `az tag` tag what exists: `GET`, `PUT`, `PATCH`. */
export function serveWorkspaceTags(api: ArmApi, { state, clock }: ArmContext, events: SubscriptionEvents): void {
  const find = ({ params }: ArmRequest): Workspace => {
    const id = `${api.group(params['resourceGroupName'] ?? '').id}/providers/Microsoft.Databricks/workspaces/${params['name'] ?? ''}`;
    const found = state.workspaces.get(keyOf(id));
    if (!found) throw resourceNotFound(id);
    return found;
  };
  const change = (request: ArmRequest, tags: Workspace['tags']): ApiReply => {
    const { caller } = request;
    const updatedBy = { oid: caller.oid, applicationId: caller.appid };
    const changed: Workspace = { ...find(request), tags, updatedBy, updatedMs: clock.now() };
    state.workspaces.set(keyOf(changed.id), changed);
    events.tell('tags', 'Success', changed);
    return { body: shown(changed) };
  };
  const route = { type, versions, path };
  api.on({ ...route, method: 'GET', handler: (request) => ({ body: shown(find(request)) }) });
  api.on({ ...route, method: 'PUT', handler: (request) => change(request, given(request)) });
  api.on({ ...route, method: 'PATCH', handler: (request) => change(request, patched(find(request).tags, request)) });
}

const given = ({ body }: ArmRequest): Workspace['tags'] => tagsOf(objectField(objectBody(body), 'properties'));

function patched(tags: Workspace['tags'], request: ArmRequest): Workspace['tags'] {
  const named = given(request);
  switch (textField(objectBody(request.body), 'operation')) {
    case 'Replace':
      return named;
    case 'Merge':
      return { ...without(tags, named), ...named };
    case 'Delete':
      return without(tags, named);
    default:
      throw invalidContent("The property 'operation' must be Replace, Merge or Delete");
  }
}

/** Tag names do not tell upper from lower case. */
function without(tags: Workspace['tags'], named: Workspace['tags']): Workspace['tags'] {
  const gone = new Set(Object.keys(named).map((name) => name.toLowerCase()));
  return Object.fromEntries(Object.entries(tags).filter(([name]) => !gone.has(name.toLowerCase())));
}

const shown = ({ id, tags }: Workspace): object => ({
  id: `${id}/providers/${type}/default`,
  name: 'default',
  type,
  properties: { tags },
});
