import { createHmac, timingSafeEqual } from 'node:crypto';
import type { ApiReply, ApiRequest } from '../../kit/router.ts';
import type { Workspace } from '../workspace.ts';

/** What a signed URL allows: reading a file, writing it, or deleting it. */
export type Permission = 'r' | 'w' | 'd';

const lifeMs = 3_600_000;

/** An address of the workspace's storage that needs no token and works for an hour, for one file and one purpose. */
export function signedUrl(workspace: Workspace, path: string, permission: Permission): string {
  const expiresMs = workspace.clock.now() + lifeMs;
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  const signature = sign(workspace, path, permission, String(expiresMs));
  const query = new URLSearchParams({ sp: permission, se: String(expiresMs), sig: signature });
  return `https://${workspace.host()}/storage/${encoded}?${query.toString()}`;
}

/** The refusal of a storage request whose signature is not valid for it, in Azure Storage's words; undefined when it is. */
export function signatureRefusal(workspace: Workspace, request: ApiRequest): ApiReply | undefined {
  const [permission, expires, given] = ['sp', 'se', 'sig'].map((name) => request.query.get(name) ?? '');
  const allowed = { r: ['GET', 'HEAD'], w: ['PUT', 'PATCH'], d: ['DELETE'] }[permission ?? ''];
  const expected = Buffer.from(sign(workspace, request.params['path'] ?? '', permission ?? '', expires ?? ''));
  const signature = Buffer.from(given ?? '');
  const genuine = expected.length === signature.length && timingSafeEqual(expected, signature);
  if (!genuine || !allowed) return storageError(403, 'AuthenticationFailed', 'Signature did not match.');
  // Clients ask for a new address when they read this sentence (databricks-sdk-py, mixins/files.py).
  const late = workspace.clock.now() >= Number(expires);
  if (late) {
    return storageError(403, 'AuthenticationFailed', 'Signature not valid in the specified time frame');
  }
  if (allowed.includes(request.method)) return undefined;
  return storageError(403, 'AuthorizationPermissionMismatch', 'This request is not authorized to do this.');
}

/** An error as Azure Storage answers it. */
export function storageError(status: number, code: string, detail: string): ApiReply {
  const message = `<Code>${code}</Code><Message>${detail}</Message>`;
  return {
    status,
    headers: { 'content-type': 'application/xml', 'x-ms-error-code': code },
    body: `<?xml version="1.0" encoding="utf-8"?><Error>${message}<AuthenticationErrorDetail>${detail}</AuthenticationErrorDetail></Error>`,
  };
}

// The workspace is part of what is signed: all workspaces of one cloud share the key.
const sign = (workspace: Workspace, path: string, permission: string, expires: string): string =>
  createHmac('sha256', workspace.signingKey)
    .update(JSON.stringify(['storage', workspace.record.workspaceId, path, permission, expires]))
    .digest('base64url');
