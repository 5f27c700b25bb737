import { randomUUID } from 'node:crypto';
import type { ApiReply } from '../../kit/router.ts';
import type { Callers, Member } from '../callers.ts';
import { type Fields, bodyOf, boundedInteger, isFields, optionalText, queryOf } from '../requestFields.ts';
import type { AddRoute } from '../routes.ts';

const collection = '/api/2.0/preview/scim/v2/ServicePrincipals';
const principalSchema = 'urn:ietf:params:scim:schemas:core:2.0:ServicePrincipal';

/** SCIM: who the caller is, and the workspace's service principals. */
export function addScimRoutes(on: AddRoute, callers: Callers): void {
  on('GET', '/api/2.0/preview/scim/v2/Me', (_request, caller) => ({
    body: {
      ...principal(caller),
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User', principalSchema],
      userName: caller.applicationId,
      emails: [{ type: 'work', value: caller.applicationId, primary: true }],
    },
  }));
  on('GET', collection, (request) => list(callers.members(), queryOf(request)));
  on('POST', collection, (request) => create(callers, bodyOf(request)));
  on('GET', `${collection}/{id}`, (request) => {
    const member = callers.byId(request.params['id'] ?? '');
    return member ? { body: principal(member) } : absent(request.params['id']);
  });
  on('DELETE', `${collection}/{id}`, (request) =>
    callers.remove(request.params['id'] ?? '') ? { status: 204 } : absent(request.params['id']),
  );
}

function create(callers: Callers, body: Fields): ApiReply {
  // Databricks makes an id up for principals that are not from Entra ID.
  const applicationId = optionalText(body, 'applicationId') ?? randomUUID();
  if (callers.byApplication(applicationId)) {
    return scimError(409, `Service principal with applicationId ${applicationId} already exists.`, 'uniqueness');
  }
  const entitlements = Array.isArray(body['entitlements']) ? body['entitlements'] : [];
  const member = callers.enrol({
    applicationId,
    displayName: optionalText(body, 'displayName') ?? applicationId,
    entitlements: entitlements.filter(isFields).map(({ value }) => String(value)),
  });
  return { status: 201, body: principal(member) };
}

function list(members: Member[], query: Fields): ApiReply {
  const filter = optionalText(query, 'filter');
  const wanted =
    filter === undefined ? undefined : /^\s*(applicationId|displayName)\s+eq\s+"?([^"]*)"?\s*$/i.exec(filter);
  if (filter !== undefined && !wanted) return scimError(400, `Unsupported filter: ${filter}`, 'invalidFilter');
  const found = members.filter((member) => {
    const value = wanted?.[1]?.toLowerCase() === 'displayname' ? member.displayName : member.applicationId;
    return !wanted || value.toLowerCase() === wanted[2]?.toLowerCase();
  });
  const startIndex = boundedInteger(query, 'startIndex', { least: 1, most: 1e6, fallback: 1 });
  const count = boundedInteger(query, 'count', { least: 0, most: 10_000, fallback: 100 });
  const page = found.slice(startIndex - 1, startIndex - 1 + count);
  return {
    body: {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
      totalResults: found.length,
      startIndex,
      itemsPerPage: page.length,
      Resources: page.map(principal),
    },
  };
}

const principal = ({ id, applicationId, displayName, entitlements }: Member): Fields => ({
  schemas: [principalSchema],
  id,
  applicationId,
  displayName,
  active: true,
  groups: [],
  entitlements: entitlements.map((value) => ({ value })),
});

const absent = (id = ''): ApiReply => scimError(404, `ServicePrincipal with id ${id} not found.`);

const scimError = (status: number, detail: string, scimType?: string): ApiReply => ({
  status,
  body: {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
    detail,
    status: String(status),
    ...(scimType && { scimType }),
  },
});
