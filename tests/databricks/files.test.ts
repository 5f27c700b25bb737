import { describe, expect, it } from 'vitest';
import { importNotebook, startTestWorkspace } from './support/startTestWorkspace.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('workspace files', () => {
  it('keep a source notebook under its name without extension, with an id beyond 2^53', async () => {
    const workspace = await startTestWorkspace();
    await importNotebook(workspace, '/Shared/folder/first', 'print(1)');
    const { call } = workspace;
    const status = await call('GET', '/api/2.0/workspace/get-status?path=/Workspace/Shared//folder/first');
    expect(status.body).toMatchObject({ object_type: 'NOTEBOOK', language: 'PYTHON', path: '/Shared/folder/first' });
    expect(typeof status.body.object_id).toBe('bigint');
    const again = await call('GET', '/api/2.0/workspace/get-status?path=/Shared/folder/first');
    expect(again.body.object_id).toBe(status.body.object_id);
    const exported = await call('GET', '/api/2.0/workspace/export?path=/Shared/folder/first&format=SOURCE');
    expect(Buffer.from(exported.body.content, 'base64').toString()).toBe('# Databricks notebook source\nprint(1)');
    expect((await call('GET', '/api/2.0/workspace/get-status?path=/Shared/folder/first.py')).status).toBe(404);
  });

  it('export a file as it is, encoded or raw', async () => {
    const { call } = await startTestWorkspace();
    const template = '{"name": "job"}';
    await call('POST', '/api/2.0/workspace/import', {
      path: '/Shared/job.json',
      format: 'AUTO',
      content: base64(template),
    });
    const encoded = await call('GET', '/api/2.0/workspace/export?path=/Shared/job.json&format=AUTO');
    expect(Buffer.from(encoded.body.content, 'base64').toString()).toBe(template);
    const raw = await call('GET', '/api/2.0/workspace/export?path=/Shared/job.json&format=AUTO&direct_download=true');
    expect(raw.body).toBe(template);
    const listed = await call('GET', '/api/2.0/workspace/list?path=/Shared');
    expect(listed.body.objects).toMatchObject([
      { path: '/Shared/job.json', object_type: 'FILE', size: template.length },
    ]);
  });

  it('refuse what is not there, what is in the way and what is not empty', async () => {
    const workspace = await startTestWorkspace();
    const { call } = workspace;
    await importNotebook(workspace, '/Shared/a');
    const absent = await call('GET', '/api/2.0/workspace/get-status?path=/Shared/none');
    expect(absent).toMatchObject({
      status: 404,
      body: { error_code: 'RESOURCE_DOES_NOT_EXIST', message: "Path (/Shared/none) doesn't exist." },
    });
    const orphan = { path: '/Shared/none/x.txt', format: 'AUTO', content: '' };
    expect((await call('POST', '/api/2.0/workspace/import', orphan)).status).toBe(404);
    const twice = { path: '/Shared/a', format: 'SOURCE', language: 'PYTHON', content: base64('1') };
    expect((await call('POST', '/api/2.0/workspace/import', twice)).body.error_code).toBe('RESOURCE_ALREADY_EXISTS');
    expect((await call('POST', '/api/2.0/workspace/mkdirs', { path: '/Shared/a' })).body.error_code).toBe(
      'RESOURCE_ALREADY_EXISTS',
    );
    const file = { path: '/Shared/a.py', format: 'AUTO', content: base64('plain') };
    expect((await call('POST', '/api/2.0/workspace/import', file)).body.error_code).toBe('RESOURCE_ALREADY_EXISTS');
    await importNotebook(workspace, '/Shared/full/b');
    expect((await call('POST', '/api/2.0/workspace/delete', { path: '/Shared/full' })).body.error_code).toBe(
      'DIRECTORY_NOT_EMPTY',
    );
    expect((await call('POST', '/api/2.0/workspace/delete', { path: '/Shared/full', recursive: true })).status).toBe(
      200,
    );
    expect((await call('GET', '/api/2.0/workspace/get-status?path=/Shared/full')).status).toBe(404);
    expect((await call('GET', '/api/2.0/workspace/get-status?path=/Shared/../../etc')).status).toBe(400);
  });
});

describe('workspace storage', () => {
  const probe = '/api/2.0/dbfs/get-status?path=/';

  it('answers only some time after the workspace was created', async () => {
    const { call, clock } = await startTestWorkspace({ latencies: { storageSeconds: 90 } });
    const early = await call('GET', probe);
    expect(early.status).toBe(500);
    expect(early.body.message).toContain('StorageException: The specified resource does not exist.');
    clock.advance(90_000);
    expect(await call('GET', probe)).toMatchObject({ status: 200, body: { path: '/', is_dir: true } });
    expect((await call('GET', '/api/2.0/dbfs/list?path=/none')).status).toBe(404);
  });

  it('takes as much longer as a scenario says', async () => {
    const { call, clock } = await startTestWorkspace({ latencies: { storageSeconds: 10 } });
    await call('POST', '/__scenarios', { kind: 'storageSlow', seconds: 240 });
    clock.advance(249_000);
    expect((await call('GET', probe)).status).toBe(500);
    clock.advance(1000);
    expect((await call('GET', probe)).status).toBe(200);
  });

  it('never answers when a scenario says so, until that is cleared', async () => {
    const { call, clock } = await startTestWorkspace();
    await call('POST', '/__scenarios', { kind: 'storageNeverReady' });
    clock.advance(86_400_000);
    expect((await call('GET', probe)).status).toBe(500);
    await call('DELETE', '/__scenarios');
    expect((await call('GET', probe)).status).toBe(200);
  });
});
