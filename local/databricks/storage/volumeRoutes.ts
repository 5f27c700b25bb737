import type { ApiReply } from '../../kit/router.ts';
import { ApiError, doesNotExist, notEmulated } from '../apiError.ts';
import { pageOf } from '../jobs/paging.ts';
import { type UnityName, parseUnityName, requireSchema, unityNameOf } from '../unity/unityNames.ts';
import { type Fields, bodyOf, boundedInteger, optionalText, queryOf, requiredText } from '../requestFields.ts';
import type { AddRoute } from '../routes.ts';
import type { Workspace } from '../workspace.ts';
import type { StoredFiles } from './storedFiles.ts';

const root = '/api/2.1/unity-catalog/volumes';

/** Managed volumes: a folder each, whose files are the Files API's `/Volumes/<catalog>/<schema>/<volume>/…`. */
export function addVolumeRoutes(on: AddRoute, workspace: Workspace, storage: StoredFiles): void {
  on('POST', root, (request) => {
    const body = bodyOf(request);
    const name = parseUnityName(
      ['catalog_name', 'schema_name', 'name'].map((part) => requiredText(body, part)).join('.'),
    );
    const type = optionalText(body, 'volume_type') ?? 'MANAGED';
    if (type !== 'MANAGED') throw notEmulated(`volumes of the type ${type}`);
    requireSchema(workspace, name);
    if (storage.find(folderOf(name))) {
      throw new ApiError(409, 'RESOURCE_ALREADY_EXISTS', `Volume '${name.full}' already exists`);
    }
    storage.makeFolder(folderOf(name));
    return { body: view(name, storage) };
  });
  on('GET', root, (request) => list(storage, queryOf(request)));
  on('GET', `${root}/{name}`, (request) => ({ body: view(existing(storage, request.params), storage) }));
  on('DELETE', `${root}/{name}`, (request) => {
    storage.remove(folderOf(existing(storage, request.params)));
    return { body: {} };
  });
}

function list(storage: StoredFiles, query: Fields): ApiReply {
  const limit = boundedInteger(query, 'max_results', { least: 0, most: 10_000, fallback: 10_000 });
  const [catalog, schema] = ['catalog_name', 'schema_name'].map((name) => requiredText(query, name).toLowerCase());
  const names = storage.list(`Volumes/${catalog}/${schema}`).map(({ name }) => name);
  const page = pageOf(names, limit || 10_000, optionalText(query, 'page_token'));
  const volumes = page.items.map((name) => view(parseUnityName(`${catalog}.${schema}.${name}`), storage));
  return {
    body: {
      ...(volumes.length > 0 && { volumes }),
      ...(page.nextPageToken && { next_page_token: page.nextPageToken }),
    },
  };
}

function existing(storage: StoredFiles, fields: Fields): UnityName {
  const name = unityNameOf(fields);
  if (storage.find(folderOf(name))?.isFolder) return name;
  throw doesNotExist(`Volume '${name.full}' does not exist.`);
}

const view = (name: UnityName, storage: StoredFiles): Fields => ({
  name: name.name,
  full_name: name.full,
  catalog_name: name.catalog,
  schema_name: name.schema,
  volume_type: 'MANAGED',
  storage_location: `/${folderOf(name)}`,
  updated_at: storage.find(folderOf(name))?.modifiedMs,
});

const folderOf = ({ catalog, schema, name }: UnityName): string => `Volumes/${catalog}/${schema}/${name}`;
