import { pageOf } from '../jobs/paging.ts';
import {
  type Fields,
  bodyOf,
  boundedInteger,
  isFields,
  optionalText,
  queryOf,
  requiredText,
} from '../requestFields.ts';
import type { AddRoute } from '../routes.ts';
import type { Workspace } from '../workspace.ts';
import { listOf } from './entityFields.ts';
import type { ModelVersion, RegisteredModel } from './models.ts';
import { addTagRoutes, aliasOf, descriptionOf, tagsOf, versionOf, versionPasses } from './registryFields.ts';
import type { Runs } from './runs.ts';
import { type SearchGrammar, parseFilter } from './searchFilter.ts';
import { type UnityModels, versionFolder } from './unityModels.ts';
import { unityNameOf } from '../unity/unityNames.ts';

const root = '/api/2.0/mlflow/unity-catalog';

/** The registry behind the client's registry URI `databricks-uc` (mlflow/protos/databricks_uc_registry_service). */
export function addUnityRegistryRoutes(on: AddRoute, workspace: Workspace, models: UnityModels, runs: Runs): void {
  addModelRoutes(on, models);
  addVersionRoutes(on, workspace, models, runs);
  addAliasRoutes(on, models, runs);
  addTagRoutes(on, root, models, (fields) => unityNameOf(fields).full);
  // The client then moves files through the Files API with the Databricks SDK, and needs no credentials of a cloud.
  on('GET', `${root}/registered-models:is-databricks-sdk-models-artifact-repository-enabled`, () => ({
    body: { is_databricks_sdk_models_artifact_repository_enabled: true },
  }));
}

function addModelRoutes(on: AddRoute, models: UnityModels): void {
  on('POST', `${root}/registered-models/create`, (request, caller) => {
    const body = bodyOf(request);
    const made = models.createIn(unityNameOf(body), caller.applicationId, descriptionOf(body), tagsOf(body));
    return { body: { registered_model: modelView(made) } };
  });
  on('PATCH', `${root}/registered-models/update`, (request) => {
    const body = bodyOf(request);
    const [name, newName] = [unityNameOf(body), optionalText(body, 'new_name')];
    const renamed = newName ? models.renameTo(name, newName) : models.get(name.full);
    const isDescribed = body['description'] !== undefined;
    const model = isDescribed ? models.change(renamed.name, { description: descriptionOf(body) }) : renamed;
    return { body: { registered_model: modelView(model) } };
  });
  on('DELETE', `${root}/registered-models/delete`, (request) => {
    models.delete(models.get(unityNameOf(bodyOf(request)).full).name);
    return { body: {} };
  });
  on('GET', `${root}/registered-models/get`, (request) => ({
    body: { registered_model: modelView(models.get(unityNameOf(queryOf(request)).full)) },
  }));
  on('GET', `${root}/registered-models/search`, (request) => {
    const query = queryOf(request);
    const limit = boundedInteger(query, 'max_results', { least: 0, most: 1000, fallback: 100 });
    const page = pageOf(models.all(), limit || 100, optionalText(query, 'page_token'));
    return {
      body: {
        ...(page.items.length > 0 && { registered_models: page.items.map(modelView) }),
        ...(page.nextPageToken && { next_page_token: page.nextPageToken }),
      },
    };
  });
}

function addVersionRoutes(on: AddRoute, workspace: Workspace, models: UnityModels, runs: Runs): void {
  const view = (version: ModelVersion): Fields => ({ model_version: versionView(version, models, runs) });
  on('POST', `${root}/model-versions/create`, (request, caller) => {
    const body = bodyOf(request);
    const [runId, server] = [optionalText(body, 'run_id'), optionalText(body, 'run_tracking_server_id')];
    const version = models.register({
      name: unityNameOf(body).full,
      userId: caller.applicationId,
      description: descriptionOf(body),
      source: requiredText(body, 'source'),
      tags: tagsOf(body),
      ...(runId && { runId }),
      ...(server && { runWorkspaceId: server }),
    });
    return { body: view(version) };
  });
  on('POST', `${root}/model-versions/finalize`, (request) => {
    const body = bodyOf(request);
    return { body: view(models.finalize(unityNameOf(body).full, versionOf(body))) };
  });
  on('GET', `${root}/model-versions/get`, (request) => ({ body: view(given(models, queryOf(request))) }));
  on('PATCH', `${root}/model-versions/update`, (request) => {
    const body = bodyOf(request);
    const { name, version } = given(models, body);
    return { body: view(models.changeVersion(name, String(version), { description: descriptionOf(body) })) };
  });
  on('DELETE', `${root}/model-versions/delete`, (request) => {
    const { name, version } = given(models, bodyOf(request));
    models.deleteVersion(name, String(version));
    return { body: {} };
  });
  on('GET', `${root}/model-versions/search`, (request) => ({ body: searchVersions(queryOf(request), models, runs) }));
  on('GET', `${root}/model-versions/get-download-uri`, (request) => ({
    body: { artifact_uri: `/${versionFolder(given(models, queryOf(request)))}` },
  }));
  on('POST', `${root}/model-versions/generate-temporary-credentials`, (request) => {
    given(models, bodyOf(request));
    // No keys of a cloud: the client asks for signed URLs (create-upload-url) file by file.
    const expires = workspace.clock.now() + 3_600_000;
    return { body: { credentials: { storage_mode: 'DEFAULT_STORAGE', expiration_time: expires } } };
  });
  on('POST', `${root}/model-versions/emit-lineage`, (request) => {
    const body = bodyOf(request);
    const info = body['model_version_lineage_info'];
    const { name, version, readers } = given(models, body);
    const known = [...readers, ...listOf(isFields(info) ? info : {}, 'entities')];
    const merged = new Map(known.map((reader) => [JSON.stringify(reader), reader]));
    models.changeVersion(name, String(version), { readers: [...merged.values()] });
    return { body: {} };
  });
}

function addAliasRoutes(on: AddRoute, models: UnityModels, runs: Runs): void {
  const path = `${root}/registered-models/alias`;
  on('POST', path, (request) => {
    const body = bodyOf(request);
    models.setAlias(unityNameOf(body).full, aliasOf(body), versionOf(body));
    return { body: {} };
  });
  on('DELETE', path, (request) => {
    const body = bodyOf(request);
    models.removeAlias(unityNameOf(body).full, aliasOf(body));
    return { body: {} };
  });
  on('GET', path, (request) => {
    const query = queryOf(request);
    const version = models.byAlias(unityNameOf(query).full, aliasOf(query));
    return { body: { model_version: versionView(version, models, runs) } };
  });
}

const given = (models: UnityModels, fields: Fields): ModelVersion =>
  models.version(unityNameOf(fields).full, versionOf(fields));

const grammar: SearchGrammar = {
  kinds: ['attribute'],
  textAttributes: ['name', 'run_id'],
  numberAttributes: [],
  listAttributes: [],
};

function searchVersions(query: Fields, models: UnityModels, runs: Runs): Fields {
  const limit = boundedInteger(query, 'max_results', { least: 0, most: 10_000, fallback: 10_000 });
  const comparisons = parseFilter(optionalText(query, 'filter'), grammar).map((comparison) =>
    comparison.key === 'name' ? { ...comparison, value: String(comparison.value).toLowerCase() } : comparison,
  );
  const found = models.allVersions().filter((version) => comparisons.every((one) => versionPasses(version, one)));
  const sorted = found.toSorted((a, b) => b.updatedMs - a.updatedMs || b.version - a.version);
  const page = pageOf(sorted, limit || 10_000, optionalText(query, 'page_token'));
  return {
    ...(page.items.length > 0 && { model_versions: page.items.map((version) => versionView(version, models, runs)) }),
    ...(page.nextPageToken && { next_page_token: page.nextPageToken }),
  };
}

const modelView = ({ name, createdMs, updatedMs, userId, description, tags, aliases }: RegisteredModel): Fields => ({
  name,
  creation_timestamp: createdMs,
  last_updated_timestamp: updatedMs,
  user_id: userId,
  description,
  ...(aliases.length > 0 && { aliases: aliases.map(({ alias, version }) => ({ alias, version: String(version) })) }),
  ...(tags.length > 0 && { tags }),
});

function versionView(version: ModelVersion, models: UnityModels, runs: Runs): Fields {
  const run = runs.find(version.runId ?? '');
  const aliases = models.aliasesOf(version).map(({ alias }) => ({ alias, version: String(version.version) }));
  return {
    name: version.name,
    version: String(version.version),
    creation_timestamp: version.createdMs,
    last_updated_timestamp: version.updatedMs,
    user_id: version.userId,
    description: version.description,
    source: version.source,
    ...(version.runId && { run_id: version.runId }),
    ...(run && { run_experiment_id: run.experimentId }),
    ...(version.runWorkspaceId && { run_tracking_server_id: version.runWorkspaceId }),
    status: version.status,
    status_message: version.statusMessage,
    storage_location: `/${versionFolder(version)}`,
    ...(aliases.length > 0 && { aliases }),
    ...(version.tags.length > 0 && { tags: version.tags }),
  };
}
