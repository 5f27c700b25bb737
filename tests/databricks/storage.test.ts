import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRun } from './support/mlflowCalls.ts';
import { putFile, registerModel } from './support/registerModel.ts';
import { type Json, type TestWorkspace, admin, startTestWorkspace } from './support/startTestWorkspace.ts';

const artifacts = '/api/2.0/mlflow/artifacts';
const catalog = 'implied_volatility';
const volume = `/Volumes/${catalog}/default/data`;

interface Raw {
  status: number;
  text: string;
  headers: Headers;
}

/** Sends bytes to an address as it is, without a token. */
async function send(url: string, method = 'GET', body?: string, headers: Record<string, string> = {}): Promise<Raw> {
  const response = await fetch(url, {
    method,
    headers: { connection: 'close', ...headers },
    ...(body !== undefined && { body }),
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

async function signed({ call }: TestWorkspace, run: string, path: string, purpose = 'write'): Promise<string> {
  const { body } = await call('POST', `${artifacts}/credentials-for-${purpose}`, { run_id: run, path: [path] });
  return body.credential_infos[0].signed_uri;
}

/** Writes an artifact as the client does with Data Lake Gen2. */
async function writeArtifact(workspace: TestWorkspace, run: string, path: string, content: string): Promise<void> {
  const url = await signed(workspace, run, path);
  expect((await send(`${url}&resource=file`, 'PUT')).status).toBe(201);
  expect((await send(`${url}&action=append&position=0&flush=true`, 'PATCH', content)).status).toBe(200);
}

async function start(): Promise<{ workspace: TestWorkspace; run: string }> {
  const workspace = await startTestWorkspace();
  return { workspace, run: await createRun(workspace, `/Users/${admin}/training`) };
}

describe('artifacts', () => {
  it('are written in parts of any order and read in ranges, through addresses that need no token', async () => {
    const { workspace, run } = await start();
    const url = await signed(workspace, run, 'pictures/a b#1%.txt');
    await send(`${url}&resource=file`, 'PUT');
    await send(`${url}&action=append&position=5`, 'PATCH', 'world');
    await send(`${url}&action=append&position=0`, 'PATCH', 'hello');
    const read = await signed(workspace, run, 'pictures/a b#1%.txt', 'read');
    expect((await send(read)).text).toBe('');
    expect((await send(`${url}&action=flush&position=10`, 'PATCH')).status).toBe(200);
    expect(await send(read)).toMatchObject({ status: 200, text: 'helloworld' });
    expect(await send(read, 'GET', undefined, { range: 'bytes=3-6' })).toMatchObject({ status: 206, text: 'lowo' });
    expect((await send(read, 'GET', undefined, { range: 'bytes=99-' })).status).toBe(416);
    const { body } = await workspace.call('GET', `${artifacts}/list?run_id=${run}`);
    expect(body.files).toEqual([{ path: 'pictures', is_dir: true }]);
    const inside = await workspace.call('GET', `${artifacts}/list?run_id=${run}&path=pictures`);
    expect(inside.body.files).toEqual([{ path: 'pictures/a b#1%.txt', is_dir: false, file_size: 10 }]);
  });

  it('cannot be reached after an hour, for another purpose, for another file or in another workspace', async () => {
    const { workspace, run } = await start();
    await writeArtifact(workspace, run, 'a.txt', 'secret');
    await writeArtifact(workspace, run, 'b.txt', 'other');
    const read = await signed(workspace, run, 'a.txt', 'read');
    const refused = { status: 403, text: expect.stringContaining('<Code>Auth') };
    expect(await send(read.replace('a.txt', 'b.txt'))).toMatchObject(refused);
    const signature = new URL(read).searchParams.get('sig') ?? '';
    const { body: log } = await workspace.call('GET', '/__requests');
    expect(JSON.stringify(log)).toContain('/a.txt?');
    expect(JSON.stringify(log)).not.toContain(signature);
    expect(await send(read, 'PUT', 'changed')).toMatchObject(refused);
    expect(await send(read.replace('sp=r', 'sp=w'), 'PUT', 'changed')).toMatchObject(refused);
    expect(await send(read.replace(/se=\d+/, 'se=9999999999999'))).toMatchObject(refused);
    expect(await send(read.replace(/&sig=.*/, ''))).toMatchObject(refused);
    const { host } = await workspace.databricks.createWorkspace({
      resourceId: '/other',
      workspaceId: '4711000000000002',
      name: 'other',
      location: 'westeurope',
    });
    expect(await send(read.replace(workspace.host, host))).toMatchObject(refused);
    expect((await send(read)).text).toBe('secret');
    workspace.clock.advance(3_600_000);
    const late = await send(read);
    expect(late).toMatchObject(refused);
    expect(late.text).toContain('Signature not valid in the specified time frame');
  });

  it('stay below their run, whatever their path says', async () => {
    const { workspace, run } = await start();
    const tricks = ['../../x', '/etc/passwd', 'a/../../x', 'a\\..\\x', 'a\0b', '..', ''];
    for (const path of tricks) {
      for (const purpose of ['read', 'write']) {
        const { status } = await workspace.call('POST', `${artifacts}/credentials-for-${purpose}`, {
          run_id: run,
          path: [path],
        });
        expect({ path, status }).toEqual({ path, status: 400 });
      }
    }
    for (const path of ['../..', '/etc', '%2e%2e']) {
      expect((await workspace.call('GET', `${artifacts}/list?run_id=${run}&path=${path}`)).status).toBe(400);
    }
    const { body } = await workspace.call('GET', `/api/2.0/mlflow/runs/get?run_id=${run}`);
    const page = `https://${workspace.host}/ml/experiments/${body.run.info.experiment_id}/runs/${run}/artifacts`;
    expect((await send(`${page}/%2e%2e%2f%2e%2e%2fx`)).status).toBe(404);
  });

  it('do not replace a folder by a file, nor a file by a folder', async () => {
    const { workspace, run } = await start();
    await writeArtifact(workspace, run, 'a/b.txt', 'x');
    const folder = await signed(workspace, run, 'a');
    expect((await send(`${folder}&resource=file`, 'PUT')).status).toBe(409);
    const below = await signed(workspace, run, 'a/b.txt/c.txt');
    expect((await send(`${below}&resource=file`, 'PUT')).status).toBe(409);
  });

  it('are shown as pictures only when no script can be in them, and otherwise downloaded', async () => {
    const { workspace, run } = await start();
    const name = '"><script>alert(1)</script>.html';
    await writeArtifact(workspace, run, name, '<script>alert(1)</script>');
    await writeArtifact(workspace, run, 'a.svg', '<svg onload="alert(1)"/>');
    await workspace.call('POST', '/api/2.0/mlflow/runs/set-tag', {
      run_id: run,
      key: 'note',
      value: '<b onclick="x">',
    });
    const { body: read } = await workspace.call('GET', `/api/2.0/mlflow/runs/get?run_id=${run}`);
    const address = `/ml/experiments/${read.run.info.experiment_id}/runs/${run}`;
    const { body, headers } = await workspace.call('GET', address);
    expect(body).not.toMatch(/<script|<b onclick|<img/);
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    const file = await send(`https://${workspace.host}${address}/artifacts/a.svg`);
    expect(file.headers.get('content-disposition')).toContain('attachment');
    expect(file.headers.get('content-type')).toBe('application/octet-stream');
  });
});

describe('the Files API', () => {
  const files = '/api/2.0/fs/files';
  const directories = '/api/2.0/fs/directories';

  async function startWithVolume(): Promise<TestWorkspace> {
    const workspace = await startTestWorkspace();
    const { status, body } = await workspace.call('POST', '/api/2.1/unity-catalog/volumes', {
      catalog_name: catalog,
      schema_name: 'default',
      name: 'data',
      volume_type: 'MANAGED',
    });
    expect({ status, body }).toMatchObject({ status: 200 });
    return workspace;
  }

  it('keeps bytes as they are, lists directories in pages and deletes', async () => {
    const workspace = await startWithVolume();
    const { call } = workspace;
    for (const name of ['a', 'b', 'c'])
      expect(await putFile(workspace, `${volume}/in/${name}`, Buffer.from([0, 255]))).toBe(204);
    expect(await putFile(workspace, `${volume}/in/a`, 'text')).toBe(204);
    expect((await call('GET', `${files}${volume}/in/a`)).body).toBe('text');
    const head = await call('HEAD', `${files}${volume}/in/b`);
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '2']);
    const first = await call('GET', `${directories}${volume}/in?page_size=2`);
    const next = await call('GET', `${directories}${volume}/in?page_size=2&page_token=${first.body.next_page_token}`);
    const names = [...first.body.contents, ...next.body.contents].map(({ path, file_size }: Json) => [path, file_size]);
    expect(names).toEqual(
      [
        ['a', 4],
        ['b', 2],
        ['c', 2],
      ].map(([name, size]) => [`${volume}/in/${name}`, size]),
    );
    expect((await call('DELETE', `${directories}${volume}/in`)).body.error_code).toBe('DIRECTORY_NOT_EMPTY');
    for (const name of ['a', 'b', 'c']) await call('DELETE', `${files}${volume}/in/${name}`);
    expect((await call('DELETE', `${directories}${volume}/in`)).status).toBe(204);
    expect((await call('HEAD', `${directories}${volume}/in`)).status).toBe(404);
    expect((await call('PUT', `${directories}${volume}/new`)).status).toBe(204);
    expect((await call('HEAD', `${directories}${volume}/new`)).status).toBe(200);
  });

  it('refuses paths that lead elsewhere, links out of the volume, and what is not there', async () => {
    const workspace = await startWithVolume();
    const { call } = workspace;
    const outside = join(workspace.folder, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'secret'), 'secret');
    symlinkSync(outside, join(workspace.folder, 'mlflow', volume, 'link'));
    expect((await call('GET', `${files}${volume}/link/secret`)).status).toBe(404);
    expect(await putFile(workspace, `${volume}/link/new`, 'x')).toBe(409);
    expect((await call('GET', `${directories}${volume}`)).body).toEqual({});
    expect((await call('GET', `${files}${volume}/..%2f..%2fx`)).status).toBe(400);
    expect((await call('GET', `${files}/Volumes/${catalog}/default/none/x`)).body.error_code).toBe('NOT_FOUND');
    expect((await call('GET', `${files}${volume}/%zz`)).body.error_code).toBe('MALFORMED_REQUEST');
    expect((await call('GET', `${files}/Workspace/x`)).status).toBe(400);
    expect((await call('GET', `${files}${volume}/none`)).body.error_code).toBe('NOT_FOUND');
    expect((await call('PUT', `${files}${volume}/a?overwrite=false`, 'x')).status).toBe(204);
    expect((await call('PUT', `${files}${volume}/a?overwrite=false`, 'x')).status).toBe(409);
    const stranger = { authorization: `Bearer ${workspace.token({ identity: 'stranger' })}` };
    expect((await call('GET', `${files}${volume}/a`, undefined, stranger)).status).toBe(403);
  });

  it('joins the parts of an upload in their order, and forgets one that is aborted', async () => {
    const workspace = await startWithVolume();
    const { call } = workspace;
    const path = `${volume}/large`;
    const begin = async (): Promise<string> =>
      (await call('POST', `${files}${path}?action=initiate-upload`)).body.multipart_upload.session_token;
    const partUrls = async (session_token: string): Promise<string[]> => {
      const wanted = { path, session_token, start_part_number: 1, count: 2 };
      const { body } = await call('POST', '/api/2.0/fs/create-upload-part-urls', wanted);
      return body.upload_part_urls.map(({ url }: Json) => url);
    };
    const finish = (token: string): Promise<Json> =>
      call('POST', `${files}${path}?action=complete-upload&upload_type=multipart&session_token=${token}`, {
        parts: [{ part_number: 1 }, { part_number: 2 }],
      });
    const token = await begin();
    const [first = '', second = ''] = await partUrls(token);
    await send(second, 'PUT', 'two');
    expect((await finish(token)).body.message).toBe('Part 1 has not been uploaded.');
    await send(first, 'PUT', 'one ');
    expect((await finish(token)).status).toBe(200);
    expect((await call('GET', `${files}${path}`)).body).toBe('one two');
    const other = await begin();
    const { body } = await call('POST', '/api/2.0/fs/create-abort-upload-url', { path, session_token: other });
    expect((await send(body.abort_upload_url.url, 'DELETE')).status).toBe(204);
    expect((await finish(other)).status).toBe(400);
  });

  it('writes files of a model version until it is READY, also through signed addresses', async () => {
    const workspace = await startTestWorkspace();
    const name = `${catalog}.default.model`;
    const version = await registerModel(workspace, name);
    const file = `/Models/${catalog}/default/model/${version}/MLmodel`;
    expect(await putFile(workspace, file, 'changed')).toBe(403);
    expect((await workspace.call('POST', '/api/2.0/fs/create-upload-url', { path: file })).status).toBe(403);
    const { body } = await workspace.call('POST', '/api/2.0/fs/create-download-url', { path: file });
    expect((await send(body.url)).text).toContain('signature:');
    expect(await putFile(workspace, `/Models/${catalog}/default/model/9/x`, 'x')).toBe(404);
  });
});
