import type { ApiReply, ApiRequest } from '../../kit/router.ts';
import { missingField } from '../apiError.ts';
import { pageOf } from '../jobs/paging.ts';
import {
  type Fields,
  bodyOf,
  boundedInteger,
  optionalFlag,
  optionalText,
  queryOf,
  requiredText,
} from '../requestFields.ts';
import type { AddRoute } from '../routes.ts';
import { type ModelVersion, type RegisteredModel } from './models.ts';
import { aliasOf, versionOf } from './registryFields.ts';
import { type UnityModels, versionFolder } from './unityModels.ts';
import { type UnityName, parseUnityName, unityNameOf } from '../unity/unityNames.ts';

const root = '/api/2.1/unity-catalog/models';

/** Models as the catalogue's own REST API shows them (databricks-sdk-py: registered_models, model_versions). */
export function addCatalogModelRoutes(on: AddRoute, models: UnityModels): void {
  on('GET', root, (request) => list(models, queryOf(request)));
  on('POST', root, (request, caller) => {
    const body = bodyOf(request);
    const parts = ['catalog_name', 'schema_name', 'name'].map((field) => requiredText(body, field));
    const name = parseUnityName(parts.join('.'));
    const made = models.createIn(name, caller.applicationId, optionalText(body, 'comment') ?? '', []);
    return { body: modelView(made, true) };
  });
  on('GET', `${root}/{name}`, (request) => ({
    body: modelView(models.get(nameIn(request).full), optionalFlag(queryOf(request), 'include_aliases')),
  }));
  on('PATCH', `${root}/{name}`, (request) => {
    const [name, body] = [nameIn(request), bodyOf(request)];
    const newName = optionalText(body, 'new_name');
    const model = newName ? models.renameTo(name, newName) : models.get(name.full);
    const comment = body['comment'] === undefined ? model.description : (optionalText(body, 'comment') ?? '');
    return { body: modelView(models.change(model.name, { description: comment }), true) };
  });
  on('DELETE', `${root}/{name}`, (request) => {
    models.delete(models.get(nameIn(request).full).name);
    return { body: {} };
  });
  addVersionRoutes(on, models);
  addAliasRoutes(on, models);
}

function addVersionRoutes(on: AddRoute, models: UnityModels): void {
  const found = (request: ApiRequest): ModelVersion => models.version(nameIn(request).full, versionOf(request.params));
  on('GET', `${root}/{name}/versions`, (request) => {
    const query = queryOf(request);
    const limit = boundedInteger(query, 'max_results', { least: 0, most: 1000, fallback: 100 });
    const versions = models.versionsOf(models.get(nameIn(request).full).name);
    const page = pageOf(versions, limit || 100, optionalText(query, 'page_token'));
    return {
      body: {
        ...(page.items.length > 0 && { model_versions: page.items.map((version) => versionView(version)) }),
        ...(page.nextPageToken && { next_page_token: page.nextPageToken }),
      },
    };
  });
  on('GET', `${root}/{name}/versions/{version}`, (request) => {
    const withAliases = optionalFlag(queryOf(request), 'include_aliases');
    return { body: versionView(found(request), withAliases ? models : undefined) };
  });
  on('PATCH', `${root}/{name}/versions/{version}`, (request) => {
    const { name, version } = found(request);
    const description = optionalText(bodyOf(request), 'comment') ?? '';
    return { body: versionView(models.changeVersion(name, String(version), { description })) };
  });
  on('DELETE', `${root}/{name}/versions/{version}`, (request) => {
    const { name, version } = found(request);
    models.deleteVersion(name, String(version));
    return { body: {} };
  });
}

function addAliasRoutes(on: AddRoute, models: UnityModels): void {
  const path = `${root}/{name}/aliases/{alias}`;
  on('GET', path, (request) => {
    const version = models.byAlias(nameIn(request).full, aliasOf(request.params));
    return { body: versionView(version, optionalFlag(queryOf(request), 'include_aliases') ? models : undefined) };
  });
  on('PUT', path, (request) => {
    const [name, alias] = [nameIn(request), aliasOf(request.params)];
    const given = bodyOf(request)['version_num'];
    if (given === undefined) throw missingField('version_num');
    const version = versionOf({ version: given });
    models.setAlias(name.full, alias, version);
    return { body: { alias_name: alias, version_num: Number(version) } };
  });
  on('DELETE', path, (request) => {
    models.removeAlias(nameIn(request).full, aliasOf(request.params));
    return { body: {} };
  });
}

const nameIn = ({ params }: ApiRequest): UnityName => unityNameOf(params);

function list(models: UnityModels, query: Fields): ApiReply {
  const limit = boundedInteger(query, 'max_results', { least: 0, most: 1000, fallback: 100 });
  const [catalog, schema] = ['catalog_name', 'schema_name'].map((name) => optionalText(query, name)?.toLowerCase());
  const found = models.all().filter(({ name }) => {
    const parts = parseUnityName(name);
    return (!catalog || parts.catalog === catalog) && (!schema || parts.schema === schema);
  });
  const page = pageOf(found, limit || 100, optionalText(query, 'page_token'));
  return {
    body: {
      ...(page.items.length > 0 && { registered_models: page.items.map((model) => modelView(model, false)) }),
      ...(page.nextPageToken && { next_page_token: page.nextPageToken }),
    },
  };
}

function modelView(model: RegisteredModel, withAliases: boolean): Fields {
  const { catalog, schema, name, full } = parseUnityName(model.name);
  const aliases = model.aliases.map(({ alias, version }) => ({ alias_name: alias, version_num: version }));
  return {
    name,
    full_name: full,
    catalog_name: catalog,
    schema_name: schema,
    owner: model.userId,
    created_at: model.createdMs,
    created_by: model.userId,
    updated_at: model.updatedMs,
    ...(model.description && { comment: model.description }),
    ...(withAliases && aliases.length > 0 && { aliases }),
  };
}

/** With its aliases when the models are given. */
function versionView(version: ModelVersion, models?: UnityModels): Fields {
  const { catalog, schema, name } = parseUnityName(version.name);
  const aliases = models?.aliasesOf(version).map(({ alias }) => ({ alias_name: alias, version_num: version.version }));
  return {
    model_name: name,
    catalog_name: catalog,
    schema_name: schema,
    version: version.version,
    source: version.source,
    status: version.status,
    storage_location: `/${versionFolder(version)}`,
    created_at: version.createdMs,
    created_by: version.userId,
    updated_at: version.updatedMs,
    ...(version.description && { comment: version.description }),
    ...(version.runId && { run_id: version.runId }),
    ...(version.runWorkspaceId &&
      /^\d+$/.test(version.runWorkspaceId) && { run_workspace_id: BigInt(version.runWorkspaceId) }),
    ...(aliases && aliases.length > 0 && { aliases }),
  };
}
