import type { ApiReply, ApiRequest } from '../../kit/router.ts';
import { ApiError } from '../apiError.ts';
import type { StoredFiles } from './storedFiles.ts';

/** A file's bytes, or those of the one range that the request asks for; 404 when it is no file. */
export function downloadReply(files: StoredFiles, path: string, { headers, method }: ApiRequest): ApiReply {
  const entry = files.find(path);
  if (!entry || entry.isFolder) throw new ApiError(404, 'NOT_FOUND', `The file /${path} does not exist.`);
  const general = {
    'content-type': 'application/octet-stream',
    'last-modified': new Date(entry.modifiedMs).toUTCString(),
    'accept-ranges': 'bytes',
  };
  if (method === 'HEAD') return { headers: { ...general, 'content-length': String(entry.size) } };
  const [, from = '', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(headers['range'] ?? '') ?? [];
  // The Databricks SDK reads nothing without a length.
  if (from === '') {
    return { headers: { ...general, 'content-length': String(entry.size) }, body: files.read(path) };
  }
  const [first, last] = [Number(from), Math.min(to === '' ? Infinity : Number(to), entry.size - 1)];
  if (first > last) return { status: 416, headers: { 'content-range': `bytes */${entry.size}` } };
  const body = files.read(path, { first, last });
  const range = { 'content-range': `bytes ${first}-${last}/${entry.size}`, 'content-length': String(body.length) };
  return { status: 206, headers: { ...general, ...range }, body };
}
