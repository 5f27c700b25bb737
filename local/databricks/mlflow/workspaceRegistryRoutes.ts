import type { ApiReply, ApiRequest } from '../../kit/router.ts';
import { invalidParameter } from '../apiError.ts';
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
import type { Workspace } from '../workspace.ts';
import { filePath, listView } from './artifactRoutes.ts';
import { valueOf } from './entities.ts';
import { textsOf } from './entityFields.ts';
import type { ModelVersion, RegisteredModel } from './models.ts';
import { addTagRoutes, descriptionOf, tagsOf, versionOf, versionPasses } from './registryFields.ts';
import { type SearchGrammar, parseFilter, parseOrder } from './searchFilter.ts';
import { type Operand, ordered, passes } from './searchMatch.ts';
import { signedUrl } from '../storage/signedUrls.ts';
import type { StoredFiles } from '../storage/storedFiles.ts';
import { type WorkspaceModels, readStage, registryFolder } from './workspaceModels.ts';

const root = '/api/2.0/mlflow';

/** The registry behind the client's registry URI `databricks`. Like the real one it has stages and no aliases. */
export function addWorkspaceRegistryRoutes(
  on: AddRoute,
  workspace: Workspace,
  models: WorkspaceModels,
  storage: StoredFiles,
): void {
  addModelRoutes(on, models);
  addVersionRoutes(on, models);
  addSearchRoutes(on, models);
  addTagRoutes(on, root, models, (fields) => requiredText(fields, 'name'));
  on('GET', `${root}/model-versions/list-artifacts`, (request) => {
    const query = queryOf(request);
    return { body: listView(storage, registryFolder(given(models, query)), optionalText(query, 'path') ?? '', query) };
  });
  on('GET', `${root}/model-versions/get-signed-download-uri`, (request) => {
    const query = queryOf(request);
    const path = `${registryFolder(given(models, query))}/${filePath(requiredText(query, 'path'))}`;
    return { body: { signed_uri: signedUrl(workspace, path, 'r') } };
  });
}

function addModelRoutes(on: AddRoute, models: WorkspaceModels): void {
  const view = (model: RegisteredModel): ApiReply => ({ body: { registered_model: modelView(model, models) } });
  on('POST', `${root}/registered-models/create`, (request, caller) => {
    const body = bodyOf(request);
    return view(models.create(newName(body, 'name'), caller.applicationId, descriptionOf(body), tagsOf(body)));
  });
  on('POST', `${root}/registered-models/rename`, (request) => {
    const body = bodyOf(request);
    return view(models.renameTo(requiredText(body, 'name'), newName(body, 'new_name')));
  });
  on('PATCH', `${root}/registered-models/update`, (request) => {
    const body = bodyOf(request);
    return view(models.change(requiredText(body, 'name'), { description: descriptionOf(body) }));
  });
  on('DELETE', `${root}/registered-models/delete`, (request) => {
    // MLflow's client sends a body, the Databricks SDK a query.
    models.delete(requiredText({ ...queryOf(request), ...bodyOf(request) }, 'name'));
    return { body: {} };
  });
  on('GET', `${root}/registered-models/get`, (request) => view(models.get(requiredText(queryOf(request), 'name'))));
  const latest = (fields: Fields, stages: string[]): ApiReply => {
    const found = models.latest(requiredText(fields, 'name'), stages.length > 0 ? stages.map(readStage) : undefined);
    return { body: { model_versions: found.map(versionView) } };
  };
  on('POST', `${root}/registered-models/get-latest-versions`, (request) => {
    const body = bodyOf(request);
    return latest(body, textsOf(body, 'stages'));
  });
  on('GET', `${root}/registered-models/get-latest-versions`, (request) =>
    latest(queryOf(request), request.query.getAll('stages')),
  );
}

function addVersionRoutes(on: AddRoute, models: WorkspaceModels): void {
  const view = (version: ModelVersion): ApiReply => ({ body: { model_version: versionView(version) } });
  on('POST', `${root}/model-versions/create`, (request, caller) => {
    const body = bodyOf(request);
    const [runId, runLink] = [optionalText(body, 'run_id'), optionalText(body, 'run_link')];
    const name = models.get(requiredText(body, 'name')).name;
    const source = requiredText(body, 'source');
    const about = { userId: caller.applicationId, description: descriptionOf(body), tags: tagsOf(body) };
    return view(models.register({ name, source, ...about, ...(runId && { runId }), ...(runLink && { runLink }) }));
  });
  on('GET', `${root}/model-versions/get`, (request) => view(given(models, queryOf(request))));
  on('PATCH', `${root}/model-versions/update`, (request) => {
    const body = bodyOf(request);
    const { name, version } = given(models, body);
    return view(models.changeVersion(name, String(version), { description: descriptionOf(body) }));
  });
  on('POST', `${root}/model-versions/transition-stage`, (request) => {
    const body = bodyOf(request);
    const { name, version } = given(models, body);
    const stage = readStage(requiredText(body, 'stage'));
    return view(models.transition(name, String(version), stage, optionalFlag(body, 'archive_existing_versions')));
  });
  on('DELETE', `${root}/model-versions/delete`, (request) => {
    const { name, version } = given(models, { ...queryOf(request), ...bodyOf(request) });
    models.deleteVersion(name, String(version));
    return { body: {} };
  });
  on('GET', `${root}/model-versions/get-download-uri`, (request) => {
    const { name, version } = given(models, queryOf(request));
    return { body: { artifact_uri: `dbfs:/databricks/mlflow-registry/${encodeURIComponent(name)}/${version}` } };
  });
}

const times = ['creation_timestamp', 'last_updated_timestamp'];
const modelGrammar: SearchGrammar = {
  kinds: ['attribute', 'tag'],
  textAttributes: ['name'],
  numberAttributes: ['timestamp', ...times],
  listAttributes: [],
};
const versionGrammar: SearchGrammar = {
  kinds: ['attribute', 'tag'],
  textAttributes: ['name', 'run_id', 'source_path'],
  numberAttributes: ['version_number', ...times],
  listAttributes: ['run_id'],
};

function addSearchRoutes(on: AddRoute, models: WorkspaceModels): void {
  on('GET', `${root}/registered-models/search`, (request) => {
    const filter = parseFilter(optionalText(queryOf(request), 'filter'), modelGrammar);
    const found = models
      .all()
      .filter((model) =>
        filter.every((one) => passes(one.kind === 'tag' ? valueOf(model.tags, one.key) : model.name, one)),
      );
    const named = found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    return searchPage(request, named, modelGrammar, 'registered_models', (model) => modelView(model, models));
  });
  on('GET', `${root}/model-versions/search`, (request) => {
    const filter = parseFilter(optionalText(queryOf(request), 'filter'), versionGrammar);
    const found = models.allVersions().filter((version) => filter.every((one) => versionPasses(version, one)));
    const newest = found.toSorted((a, b) => b.updatedMs - a.updatedMs || b.version - a.version);
    return searchPage(request, newest, versionGrammar, 'model_versions', versionView);
  });
}

function searchPage<T extends RegisteredModel | ModelVersion>(
  request: ApiRequest,
  found: T[],
  grammar: SearchGrammar,
  field: string,
  view: (item: T) => Fields,
): ApiReply {
  const query = queryOf(request);
  const limit = boundedInteger(query, 'max_results', { least: 1, most: 200_000, fallback: 100 });
  const orderings = request.query.getAll('order_by').map((clause) => parseOrder(clause, grammar));
  const operandOf = (item: T, key: string): Operand => {
    if (key === 'name') return item.name;
    if (key === 'version_number') return 'version' in item ? item.version : undefined;
    return key === 'creation_timestamp' ? item.createdMs : item.updatedMs;
  };
  const sorted = ordered(found, orderings, (item, { key }) => operandOf(item, key));
  const page = pageOf(sorted, limit, optionalText(query, 'page_token'));
  return {
    body: {
      ...(page.items.length > 0 && { [field]: page.items.map(view) }),
      ...(page.nextPageToken && { next_page_token: page.nextPageToken }),
    },
  };
}

const given = (models: WorkspaceModels, fields: Fields): ModelVersion =>
  models.version(requiredText(fields, 'name'), versionOf(fields));

function newName(fields: Fields, field: string): string {
  const name = requiredText(fields, field);
  if (!/[/:.]/.test(name)) return name;
  throw invalidParameter(`Registered model name '${name}' contains one of the invalid characters '/', ':', '.'.`);
}

const modelView = (model: RegisteredModel, models: WorkspaceModels): Fields => ({
  name: model.name,
  creation_timestamp: model.createdMs,
  last_updated_timestamp: model.updatedMs,
  user_id: model.userId,
  description: model.description,
  latest_versions: models.latest(model.name).map(versionView),
  ...(model.tags.length > 0 && { tags: model.tags }),
});

const versionView = (version: ModelVersion): Fields => ({
  name: version.name,
  version: String(version.version),
  creation_timestamp: version.createdMs,
  last_updated_timestamp: version.updatedMs,
  user_id: version.userId,
  current_stage: version.stage,
  description: version.description,
  source: version.source,
  ...(version.runId && { run_id: version.runId }),
  ...(version.runLink && { run_link: version.runLink }),
  status: version.status,
  status_message: version.statusMessage,
  ...(version.tags.length > 0 && { tags: version.tags }),
});
