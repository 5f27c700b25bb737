import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { ApiReply } from '../../kit/router.ts';
import { ApiError, alreadyExists, doesNotExist, invalidParameter, notEmulated } from '../apiError.ts';
import type { Repos } from '../git/repos.ts';
import { type Fields, bodyOf, optionalFlag, optionalText, queryOf, requiredText } from '../requestFields.ts';
import type { AddRoute } from '../routes.ts';
import type { Workspace } from '../workspace.ts';
import { type Language, type WorkspaceObject, noPath, notebookKinds } from './workspaceFiles.ts';

/** Workspace files: folders, notebooks and files, by path. */
export function addWorkspaceRoutes(on: AddRoute, workspace: Workspace, repos: Repos): void {
  const { files } = workspace;
  on('POST', '/api/2.0/workspace/mkdirs', (request) => {
    files.makeFolder(requiredText(bodyOf(request), 'path'));
    return { body: {} };
  });
  on('GET', '/api/2.0/workspace/get-status', (request) => {
    const object = files.get(requiredText(queryOf(request), 'path'));
    const repo = repos.byPath(object.path);
    if (repo && repos.isUnseen(repo)) throw noPath(object.path);
    return { body: view(object, workspace, repos) };
  });
  on('GET', '/api/2.0/workspace/list', (request) => {
    const found = files.list(files.get(requiredText(queryOf(request), 'path')));
    // An empty folder has no `objects` at all.
    return { body: found.length > 0 ? { objects: found.map((object) => view(object, workspace, repos)) } : {} };
  });
  on('GET', '/api/2.0/workspace/export', (request) => exportObject(workspace, queryOf(request)));
  on('POST', '/api/2.0/workspace/import', (request) => importObject(workspace, bodyOf(request)));
  on('POST', '/api/2.0/workspace/delete', (request) => deleteObject(workspace, repos, bodyOf(request)));
}

function view(object: WorkspaceObject, workspace: Workspace, repos: Repos): Fields {
  const repo = repos.byPath(object.path);
  const status = statSync(object.file);
  return {
    // Under /Repos a Git folder is a REPO; elsewhere it is a DIRECTORY that says what it is.
    object_type: repo && object.path.startsWith('/Repos/') ? 'REPO' : object.kind,
    path: object.path,
    object_id: BigInt(workspace.files.idOf(object.path)),
    resource_id: workspace.files.idOf(object.path),
    ...(object.language && { language: object.language }),
    ...(repo && { directory_info: { is_git_folder: true } }),
    ...(object.kind !== 'DIRECTORY' && {
      created_at: Math.round(status.birthtimeMs),
      modified_at: Math.round(status.mtimeMs),
    }),
    ...(object.kind === 'FILE' && { size: status.size }),
  };
}

function exportObject({ files }: Workspace, query: Fields): ApiReply {
  const object = files.get(requiredText(query, 'path'));
  const format = optionalText(query, 'format') ?? 'SOURCE';
  if (!['SOURCE', 'AUTO', 'RAW'].includes(format)) throw notEmulated(`the export format ${format}`);
  if (object.kind === 'DIRECTORY') throw notEmulated('the export of a folder');
  if (object.kind === 'FILE' && format === 'SOURCE') {
    throw invalidParameter(`${object.path} is a file; export it with the format AUTO.`);
  }
  const content = readFileSync(object.file);
  if (optionalFlag(query, 'direct_download')) {
    return {
      headers: {
        'content-type': 'application/octet-stream',
        'content-disposition': `attachment; filename="${basename(object.file)}"`,
      },
      body: content,
    };
  }
  const fileType = object.kind === 'NOTEBOOK' ? object.file.slice(object.file.lastIndexOf('.') + 1) : 'file';
  return { body: { content: content.toString('base64'), file_type: fileType } };
}

function importObject({ files }: Workspace, body: Fields): ApiReply {
  const path = files.normalise(requiredText(body, 'path'));
  const format = optionalText(body, 'format') ?? 'SOURCE';
  if (!['SOURCE', 'AUTO', 'RAW'].includes(format)) throw notEmulated(`the import format ${format}`);
  const content = Buffer.from(optionalText(body, 'content') ?? '', 'base64');
  if (content.length > 10 * 1024 * 1024) {
    throw new ApiError(400, 'MAX_NOTEBOOK_SIZE_EXCEEDED', 'The content exceeds the limit of 10485760 bytes.');
  }
  const parent = files.find(dirname(path));
  if (parent?.kind !== 'DIRECTORY') throw doesNotExist(`The parent folder (${dirname(path)}) does not exist.`);
  const target = importTarget(path, format, optionalText(body, 'language'), content.toString());
  const existing = files.find(target.path);
  if (existing?.kind === 'DIRECTORY') throw alreadyExists(`Path (${path}) already exists and is a folder.`);
  const file = files.location(target.file);
  // A file may not replace the notebook that is kept under the same name on the disk, either.
  const taken = existing !== undefined || existsSync(file);
  if (taken && !optionalFlag(body, 'overwrite')) throw alreadyExists(`Path (${path}) already exists.`);
  if (existing) files.remove(existing);
  writeFileSync(file, target.header ? `${target.header}\n${content.toString()}` : content);
  return { body: { object_id: BigInt(files.idOf(target.path)) } };
}

interface ImportTarget {
  /** The workspace's name of it, and its name on the disk. */
  path: string;
  file: string;
  /** First line to add, for source that does not say that it is a notebook. */
  header?: string;
}

function importTarget(path: string, format: string, language: string | undefined, text: string): ImportTarget {
  const extension = /\.[a-z]+$/i.exec(path)?.[0] ?? '';
  if (format === 'SOURCE') {
    const kind = Object.entries(notebookKinds).find(([, known]) => known.language === (language as Language));
    if (!kind) throw invalidParameter('The language must be PYTHON, SQL, SCALA or R when the format is SOURCE.');
    const [suffix, { header }] = kind;
    return { path, file: `${path}${suffix}`, ...(!text.startsWith(header) && { header }) };
  }
  const kind = notebookKinds[extension.toLowerCase()];
  if (format === 'AUTO' && kind && text.startsWith(kind.header)) {
    return { path: path.slice(0, -extension.length), file: path };
  }
  return { path, file: path };
}

function deleteObject(workspace: Workspace, repos: Repos, body: Fields): ApiReply {
  const object = workspace.files.get(requiredText(body, 'path'));
  if (object.path === '/' || /^\/(Users|Shared|Repos)$/.test(object.path)) {
    throw new ApiError(400, 'DIRECTORY_PROTECTED', `Folder ${object.path} is protected`);
  }
  const full = object.kind === 'DIRECTORY' && workspace.files.list(object).length > 0;
  if (full && !optionalFlag(body, 'recursive')) {
    throw new ApiError(400, 'DIRECTORY_NOT_EMPTY', `Folder (${object.path}) is not empty`);
  }
  repos.forgetAtOrBelow(object.path);
  workspace.files.remove(object);
  return { body: {} };
}
