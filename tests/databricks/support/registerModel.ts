import type { TestWorkspace } from './startTestWorkspace.ts';

const root = '/api/2.0/mlflow/unity-catalog';
const mlModel = 'flavors: {}\nsignature:\n  inputs: "[]"\n';

/** Registers a version of a model in Unity Catalog, with the one file that it needs; gives its number. */
export async function registerModel(workspace: TestWorkspace, name: string, runId?: string): Promise<string> {
  const { call } = workspace;
  await call('POST', `${root}/registered-models/create`, { name });
  const { body } = await call('POST', `${root}/model-versions/create`, { name, source: 'here', run_id: runId });
  const { version } = body.model_version;
  await putFile(workspace, `/Models/${name.replaceAll('.', '/')}/${version}/MLmodel`, mlModel);
  const done = await call('POST', `${root}/model-versions/finalize`, { name, version });
  if (done.body.model_version.status !== 'READY') throw new Error(JSON.stringify(done.body));
  return version;
}

/** Writes a file through the Files API as bytes; gives the status. */
export async function putFile({ host, token }: TestWorkspace, path: string, content: string | Buffer): Promise<number> {
  const headers = { authorization: `Bearer ${token()}`, 'content-type': 'application/octet-stream' };
  const response = await fetch(`https://${host}/api/2.0/fs/files${encodeURI(path)}`, {
    method: 'PUT',
    headers: { ...headers, connection: 'close' },
    body: content,
  });
  return response.status;
}
