import { extname } from 'node:path';
import type { ApiReply } from '../../kit/router.ts';
import { ApiError, doesNotExist } from '../apiError.ts';
import { type Html, html } from '../pages/html.ts';
import { encodedPath, table } from '../pages/parts.ts';
import type { StoredFiles } from '../storage/storedFiles.ts';
import type { Pair } from './entities.ts';

/** A heading with a table of pairs; nothing when there are none. */
export const pairTable = (title: string, pairs: Pair[]): Html | undefined =>
  pairs.length === 0
    ? undefined
    : html`<h2>${title}</h2>
        ${table(
          ['Name', 'Value'],
          pairs.map(({ key, value }) => [key, value.includes('\n') ? html`<pre>${value}</pre>` : value]),
        )}`;

// Only pictures that cannot hold a script are shown in place; all else is handed over as a file.
const pictures: Record<string, string> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
};

const typeOf = (path: string): string | undefined => pictures[extname(path).toLowerCase()];

/** A folder's pictures, then links to its files; `address` is where they are served. */
export function fileList(storage: StoredFiles, folder: string, address: string): Html {
  const files = filesBelow(storage, folder, '').map(({ path, size }) => ({
    path,
    size,
    href: `${address}/${encodedPath(path)}`,
  }));
  if (files.length === 0) return html`<p>None.</p>`;
  const shown = files.filter(({ path }) => typeOf(path));
  return html`${shown.map(({ path, href }) => html`<figure><img src="${href}" alt="${path}" /></figure>`)}
    <ul>
      ${files.map(({ path, size, href }) => html`<li><a href="${href}">${path}</a> <small>${size} bytes</small></li>`)}
    </ul>`;
}

// A page does not grow without bound; the API lists everything.
const filesMost = 500;

function filesBelow(storage: StoredFiles, folder: string, prefix: string): { path: string; size: number }[] {
  const found = storage.list(folder + prefix).flatMap(({ name, isFolder, size }) => {
    const path = `${prefix}/${name}`;
    return isFolder ? filesBelow(storage, folder, path) : [{ path: path.replace(/^\//, ''), size }];
  });
  return found.slice(0, filesMost);
}

/** A file for a person: a picture in place, anything else as a download. */
export function fileReply(storage: StoredFiles, path: string): ApiReply {
  try {
    if (storage.find(path)?.isFolder !== false) throw doesNotExist('There is no such file.');
  } catch (error) {
    // A path that could lead elsewhere is, for a person, a page that is not there.
    if (error instanceof ApiError) throw doesNotExist('There is no such file.');
    throw error;
  }
  const name = path.slice(path.lastIndexOf('/') + 1);
  const type = typeOf(name);
  return {
    headers: {
      'content-type': type ?? 'application/octet-stream',
      'content-disposition': `${type ? 'inline' : 'attachment'}; filename*=UTF-8''${encodeURIComponent(name)}`,
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
    },
    body: storage.read(path),
  };
}
