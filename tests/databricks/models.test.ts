import { describe, expect, it } from 'vitest';
import { createRun } from './support/mlflowCalls.ts';
import { putFile, registerModel } from './support/registerModel.ts';
import { type Answer, type Json, type TestWorkspace, admin, startTestWorkspace } from './support/startTestWorkspace.ts';

const unity = '/api/2.0/mlflow/unity-catalog';
const registry = '/api/2.0/mlflow';
const models = '/api/2.1/unity-catalog/models';
const name = 'implied_volatility.default.model';

const refusal = ({ status, body }: Answer): [number, string] => [status, body.error_code];
const invalid = [400, 'INVALID_PARAMETER_VALUE'];
const absent = [404, 'RESOURCE_DOES_NOT_EXIST'];

describe('a model in Unity Catalog', () => {
  it('has versions that are pending until their files are there, and aliases, over a restart', async () => {
    const workspace = await startTestWorkspace();
    const { call } = workspace;
    const run = await createRun(workspace, `/Users/${admin}/training`);
    await registerModel(workspace, name, run);
    const made = await call('POST', `${unity}/model-versions/create`, { name, source: 'here', run_id: run });
    expect(made.body.model_version).toMatchObject({ version: '2', status: 'PENDING_REGISTRATION' });
    const early = await call('POST', `${unity}/model-versions/finalize`, { name, version: '2' });
    expect(refusal(early)).toEqual(invalid);
    await putFile(workspace, '/Models/implied_volatility/default/model/2/MLmodel', 'flavors: {}\n');
    const unsigned = await call('POST', `${unity}/model-versions/finalize`, { name, version: '2' });
    expect(unsigned.body.message).toContain('did not contain any signature metadata');
    await call('POST', `${unity}/registered-models/alias`, { name, alias: 'champion', version: '1' });
    await workspace.restart();
    const alias = await call('GET', `${models}/${name}/aliases/champion`);
    expect(alias.body).toMatchObject({ version: 1, status: 'READY', run_id: run, model_name: 'model' });
    const pending = await call('GET', `${models}/${name.toUpperCase()}/versions/2`);
    expect(pending.body).toMatchObject({
      version: 2,
      status: 'PENDING_REGISTRATION',
      catalog_name: 'implied_volatility',
    });
    const model = await call('GET', `${models}/${name}?include_aliases=true`);
    expect(model.body).toMatchObject({ full_name: name, aliases: [{ alias_name: 'champion', version_num: 1 }] });
    expect((await call('GET', `${models}/${name}/versions`)).body.model_versions).toHaveLength(2);
  });

  it('needs a catalog, a schema and a name of three levels of its own', async () => {
    const { call } = await startTestWorkspace();
    const create = async (given: string): Promise<[number, string]> =>
      refusal(await call('POST', `${unity}/registered-models/create`, { name: given }));
    expect((await call('POST', `${unity}/registered-models/create`, { name })).status).toBe(200);
    expect(await create(name.toUpperCase())).toEqual([409, 'ALREADY_EXISTS']);
    expect(await create('nowhere.default.model')).toEqual(absent);
    expect(await create('implied_volatility.nowhere.model')).toEqual(absent);
    for (const wrong of ['model', 'default.model', 'a.b.c.d', 'a..c', '../../x.y.z', 'a.b.c d']) {
      expect(await create(wrong)).toEqual(invalid);
    }
  });

  it('does not take aliases that look like versions, nor those of versions that are not there', async () => {
    const workspace = await startTestWorkspace();
    await registerModel(workspace, name);
    const set = async (alias: string, version = '1'): Promise<[number, string]> =>
      refusal(await workspace.call('POST', `${unity}/registered-models/alias`, { name, alias, version }));
    for (const alias of ['', 'latest', 'v3', 'a b', 'x'.repeat(256)]) expect(await set(alias)).toEqual(invalid);
    expect(await set('champion', '7')).toEqual(absent);
    expect(await set('champion', 'one')).toEqual(invalid);
    const missing = await workspace.call('GET', `${unity}/registered-models/alias?name=${name}&alias=champion`);
    expect(refusal(missing)).toEqual(absent);
  });

  it('loses its alias with the version, its files with the model, and moves with a new name', async () => {
    const workspace = await startTestWorkspace();
    const { call } = workspace;
    await registerModel(workspace, name);
    await call('PUT', `${models}/${name}/aliases/champion`, { version_num: 1 });
    await call('PATCH', `${unity}/registered-models/update`, { name, new_name: 'renamed', description: 'better' });
    const renamed = 'implied_volatility.default.renamed';
    const file = '/api/2.0/fs/files/Models/implied_volatility/default/renamed/1/MLmodel';
    expect((await call('GET', file)).status).toBe(200);
    expect(refusal(await call('GET', `${models}/${name}`))).toEqual(absent);
    expect((await call('GET', `${models}/${renamed}?include_aliases=true`)).body).toMatchObject({
      comment: 'better',
      aliases: [{ alias_name: 'champion' }],
    });
    await call('DELETE', `${unity}/model-versions/delete`, { name: renamed, version: '1' });
    expect((await call('GET', `${models}/${renamed}?include_aliases=true`)).body.aliases).toBeUndefined();
    // A number is not given twice.
    expect(await registerModel(workspace, renamed)).toBe('2');
    await call('DELETE', `${models}/${renamed}`);
    expect(refusal(await call('GET', `${models}/${renamed}/versions/2`))).toEqual(absent);
    expect((await call('GET', file)).status).toBe(404);
  });

  it('knows who has loaded it', async () => {
    const workspace = await startTestWorkspace();
    await registerModel(workspace, name);
    const reader = { job: { id: '7', job_run_id: '8' } };
    const lineage = { name, version: '1', model_version_lineage_info: { entities: [reader], direction: 'DOWNSTREAM' } };
    for (let i = 0; i < 2; i++) await workspace.call('POST', `${unity}/model-versions/emit-lineage`, lineage);
    const { body } = await workspace.call('GET', '/explore/data/models/implied_volatility/default/model/version/1');
    expect(body.match(/&#34;job_run_id&#34;/g)).toHaveLength(1);
  });
});

describe('a model in the registry of the workspace', () => {
  /** A model `m` with two versions, of artifacts that a run has. */
  async function twoVersions(): Promise<TestWorkspace> {
    const workspace = await startTestWorkspace();
    const { call } = workspace;
    const run = await createRun(workspace, `/Users/${admin}/training`);
    const { body } = await call('POST', `${registry}/artifacts/credentials-for-write`, {
      run_id: run,
      path: ['model/MLmodel'],
    });
    await fetch(body.credential_infos[0].signed_uri, { method: 'PUT', body: 'x', headers: { connection: 'close' } });
    const source = `${(await call('GET', `${registry}/runs/get?run_id=${run}`)).body.run.info.artifact_uri}/model`;
    await call('POST', `${registry}/registered-models/create`, { name: 'm' });
    for (let i = 0; i < 2; i++) {
      const made = await call('POST', `${registry}/model-versions/create`, { name: 'm', source, run_id: run });
      expect(made.body.model_version.status).toBe('READY');
    }
    return workspace;
  }

  it('goes through stages, of which the former holder may be archived', async () => {
    const { call } = await twoVersions();
    const move = (version: string, stage: string, archive = false): Promise<Answer> =>
      call('POST', `${registry}/model-versions/transition-stage`, {
        name: 'm',
        version,
        stage,
        archive_existing_versions: archive,
      });
    await move('1', 'production');
    await move('2', 'Production', true);
    const { body } = await call('GET', `${registry}/registered-models/get?name=m`);
    const stages = body.registered_model.latest_versions.map(({ version, current_stage }: Json) => [
      version,
      current_stage,
    ]);
    expect(stages).toEqual([
      ['2', 'Production'],
      ['1', 'Archived'],
    ]);
    const latest = await call(
      'GET',
      `${registry}/registered-models/get-latest-versions?name=m&stages=Archived&stages=Staging`,
    );
    expect(latest.body.model_versions.map(({ version }: Json) => version)).toEqual(['1']);
    expect((await call('GET', '/ml/models')).body).toContain('<a href="/ml/models/m">m</a>');
    expect((await call('GET', '/ml/models/m')).body).toContain('<a href="/ml/models/m/versions/2">Version 2</a>');
    expect((await call('GET', '/ml/models/m/versions/1')).body).toMatch(/READY.*Archived/);
    expect((await call('GET', '/ml/models/m/versions/1/files/MLmodel')).body).toBe('x');
    expect(refusal(await move('1', 'Nowhere'))).toEqual(invalid);
    expect(refusal(await move('1', 'Archived', true))).toEqual(invalid);
    expect(refusal(await call('DELETE', `${registry}/registered-models/delete`, { name: 'm' }))).toEqual([
      400,
      'INVALID_STATE',
    ]);
    await move('2', 'Archived');
    expect((await call('DELETE', `${registry}/registered-models/delete`, { name: 'm' })).status).toBe(200);
    expect(refusal(await call('GET', `${registry}/registered-models/get?name=m`))).toEqual(absent);
  });

  it('is found by name and tag, its versions by run, number and tag', async () => {
    const { call } = await twoVersions();
    await call('POST', `${registry}/model-versions/set-tag`, { name: 'm', version: '2', key: 'kind', value: 'new' });
    await call('POST', `${registry}/registered-models/set-tag`, { name: 'm', key: 'team', value: 'a' });
    const versions = async (filter: string): Promise<string[]> => {
      const { body } = await call('GET', `${registry}/model-versions/search?filter=${encodeURIComponent(filter)}`);
      return (body.model_versions ?? []).map(({ version }: Json) => version);
    };
    expect(await versions("name = 'm'")).toEqual(['2', '1']);
    expect(await versions("tags.kind = 'new'")).toEqual(['2']);
    expect(await versions('version_number < 2')).toEqual(['1']);
    expect(await versions("run_id = 'none'")).toEqual([]);
    const found = async (filter: string): Promise<number> => {
      const { body } = await call('GET', `${registry}/registered-models/search?filter=${encodeURIComponent(filter)}`);
      return (body.registered_models ?? []).length;
    };
    expect([await found("name LIKE 'm%' AND tags.team = 'a'"), await found("name = 'n'")]).toEqual([1, 0]);
    await call('DELETE', `${registry}/registered-models/delete-tag`, { name: 'm', key: 'team' });
    expect(await found("tags.team = 'a'")).toBe(0);
  });

  it('keeps a copy of its files, and refuses names and sources that cannot be', async () => {
    const { call } = await twoVersions();
    const listed = await call('GET', `${registry}/model-versions/list-artifacts?name=m&version=1`);
    expect(listed.body.files).toEqual([{ path: 'MLmodel', is_dir: false, file_size: 1 }]);
    const signed = `${registry}/model-versions/get-signed-download-uri?name=m&version=1&path=MLmodel`;
    const { body } = await call('GET', signed);
    const file = await fetch(body.signed_uri, { headers: { connection: 'close' } });
    expect(await file.text()).toBe('x');
    expect((await call('GET', signed.replace('MLmodel', '../2/MLmodel'))).status).toBe(400);
    for (const wrong of ['a/b', 'a:b', '..', '']) {
      expect(refusal(await call('POST', `${registry}/registered-models/create`, { name: wrong }))).toEqual(invalid);
    }
    expect(refusal(await call('POST', `${registry}/registered-models/create`, { name: 'm' }))).toEqual([
      400,
      'RESOURCE_ALREADY_EXISTS',
    ]);
    const create = (source: string): Promise<Answer> =>
      call('POST', `${registry}/model-versions/create`, { name: 'm', source });
    expect((await create('s3://bucket/model')).status).toBe(501);
    expect((await create('dbfs:/databricks/mlflow-tracking/../../x')).status).toBe(400);
    const failed = await create('dbfs:/databricks/mlflow-tracking/1/2/artifacts/model');
    expect(failed.body.model_version).toMatchObject({ version: '3', status: 'FAILED_REGISTRATION' });
  });
});
