import type { ApiReply, Router } from '../../kit/router.ts';
import { type Html, html } from '../pages/html.ts';
import { page } from '../pages/page.ts';
import { encodedPath, moment, table } from '../pages/parts.ts';
import type { StoredFiles } from '../storage/storedFiles.ts';
import { addressOf } from './experimentPages.ts';
import type { ModelVersion, Models } from './models.ts';
import { fileList, fileReply, pairTable } from './pageParts.ts';
import type { Runs } from './runs.ts';
import { type UnityModels, versionFolder } from './unityModels.ts';
import { type WorkspaceModels, registryFolder } from './workspaceModels.ts';

/** One registry as its pages see it. */
interface Shelf {
  models: Models;
  /** The address of a model's page. */
  address: (name: string) => string;
  /** What follows it in the address of a version. */
  versionPart: string;
  folder: (version: ModelVersion) => string;
}

/** Pages of models and their versions, of the workspace's registry and of Unity Catalog's. */
export function addModelPages(
  router: Router,
  unity: UnityModels,
  workspace: WorkspaceModels,
  runs: Runs,
  storage: StoredFiles,
): void {
  const explore = '/explore/data/models';
  const catalog: Shelf = {
    models: unity,
    address: (name) => `${explore}/${encodedPath(name.replaceAll('.', '/'))}`,
    versionPart: 'version',
    folder: versionFolder,
  };
  const registry: Shelf = {
    models: workspace,
    address: (name) => `/ml/models/${encodeURIComponent(name)}`,
    versionPart: 'versions',
    folder: registryFolder,
  };
  router.on('GET', '/ml/models', () => modelsPage([catalog, registry]));
  const add = (path: string, shelf: Shelf, nameOf: (params: Record<string, string>) => string): void => {
    router.on('GET', path, ({ params }) => modelPage(shelf, nameOf(params)));
    const version = `${path}/${shelf.versionPart}/{version}`;
    const find = (params: Record<string, string>): ModelVersion =>
      shelf.models.version(nameOf(params), params['version'] ?? '');
    router.on('GET', version, ({ params }) => versionPage(shelf, find(params), runs, storage));
    router.on('GET', `${version}/files/{path*}`, ({ params }) =>
      fileReply(storage, `${shelf.folder(find(params))}/${params['path'] ?? ''}`),
    );
  };
  add('/ml/models/{name}', registry, (params) => params['name'] ?? '');
  add(`${explore}/{catalog}/{schema}/{model}`, catalog, (params) =>
    [params['catalog'], params['schema'], params['model']].join('.'),
  );
}

function modelsPage(shelves: Shelf[]): ApiReply {
  const rows = shelves.flatMap(({ models, address }) =>
    models
      .all()
      .map(({ name, lastVersion, updatedMs }) => [
        html`<a href="${address(name)}">${name}</a>`,
        lastVersion,
        moment(updatedMs),
      ]),
  );
  return page('Models', table(['Name', 'Last version', 'Changed'], rows));
}

function modelPage(shelf: Shelf, name: string): ApiReply {
  const model = shelf.models.get(name);
  const rows = shelf.models
    .versionsOf(name)
    .map((version) => [
      html`<a href="${versionAddress(shelf, version)}">Version ${version.version}</a>`,
      version.status,
      labelsOf(shelf, version),
      moment(version.createdMs),
    ]);
  return page(
    model.name,
    html`<p>${model.description}</p>
      ${table(['Version', 'Status', 'Aliases or stage', 'Registered'], rows)} ${pairTable('Tags', model.tags)}`,
  );
}

function versionPage(shelf: Shelf, version: ModelVersion, runs: Runs, storage: StoredFiles): ApiReply {
  const run = runs.find(version.runId ?? '');
  const origin = run ? html`<p>From the run <a href="${addressOf(run)}">${run.name}</a></p>` : undefined;
  return page(
    `${version.name}, version ${version.version}`,
    html`<p><strong>${version.status}</strong> ${version.statusMessage} ${labelsOf(shelf, version)}</p>
      <p>
        <a href="${shelf.address(version.name)}">${version.name}</a>, by ${version.userId}, ${moment(version.createdMs)}
      </p>
      ${origin}
      <p>${version.description}</p>
      ${pairTable('Tags', version.tags)} ${readersOf(version)}
      <h2>Files</h2>
      ${fileList(storage, shelf.folder(version), `${versionAddress(shelf, version)}/files`)}`,
    version.status === 'PENDING_REGISTRATION' ? 5 : undefined,
  );
}

const versionAddress = (shelf: Shelf, { name, version }: ModelVersion): string =>
  `${shelf.address(name)}/${shelf.versionPart}/${version}`;

function labelsOf(shelf: Shelf, version: ModelVersion): string {
  const aliases = shelf.models.aliasesOf(version).map(({ alias }) => `@${alias}`);
  return [...aliases, ...(version.stage === 'None' ? [] : [version.stage])].join(' ');
}

const readersOf = ({ readers }: ModelVersion): Html | undefined =>
  readers.length === 0
    ? undefined
    : html`<h2>Loaded by</h2>
        <pre>${JSON.stringify(readers, undefined, 2)}</pre>`;
