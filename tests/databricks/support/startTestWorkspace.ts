import { createSecretKey, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { onTestFinished } from 'vitest';
import { type Databricks, type DatabricksOptions, startDatabricks } from '../../../local/databricks/startDatabricks.ts';
import { scriptedCompute } from '../../../local/databricks/notebooks/scriptedCompute.ts';
import type { NotebookScript } from '../../../local/databricks/notebooks/scriptedCompute.ts';
import { type Certificate, ensureCertificate } from '../../../local/kit/certificate.ts';
import { VirtualClock } from '../../../local/kit/clock.ts';
import { formatJson, parseJson } from '../../../local/kit/json.ts';
import type { ApiServer } from '../../../local/kit/server.ts';
import { signToken } from '../../../local/kit/tokens.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- answers are looked at field by field
export type Json = any;

export interface Answer {
  status: number;
  body: Json;
  headers: Headers;
}

export interface TestWorkspace {
  clock: VirtualClock;
  folder: string;
  host: string;
  /** The authority of the workspace's certificate, for clients in other processes. */
  caFile: string;
  server: ApiServer;
  databricks: Databricks;
  /** Calls as the administrator unless other headers are given. */
  call: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;
  token: (claims?: { audience?: string; identity?: string; seconds?: number }) => string;
  /** Moves the clock until the run is over and gives the run. */
  finish(runId: Json): Promise<Json>;
  /** Moves the clock from event to event until the run's state fits. */
  until(runId: Json, wanted: (run: Json) => boolean): Promise<Json>;
  /** Stops the emulator and starts it again on the same folder. */
  restart(changed?: Partial<DatabricksOptions>): Promise<void>;
}

export const resourceId =
  '/subscriptions/5f7c/resourceGroups/rg/providers/Microsoft.Databricks/workspaces/implied-volatility';
export const admin = 'app-of-the-function';
const databricksAudience = '2ff814a6-3304-4ab8-85cb-cd0e6f879c1d';
const managementAudience = 'https://management.core.windows.net/';

let certificate: Promise<Certificate> | undefined;

async function trustedCertificate(): Promise<Certificate> {
  const made = await ensureCertificate(mkdtempSync(join(tmpdir(), 'certificate-')));
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), made.cert]);
  return made;
}

/** A workspace that one administrator may enrol in; everything ends with the test. */
export async function startTestWorkspace(
  given: Partial<DatabricksOptions> & { script?: NotebookScript } = {},
): Promise<TestWorkspace> {
  certificate ??= trustedCertificate();
  const clock = (given.clock as VirtualClock | undefined) ?? new VirtualClock(Date.UTC(2026, 10, 23, 12));
  const { script, ...changed } = given;
  const options: DatabricksOptions = {
    certificate: await certificate,
    folder: mkdtempSync(join(tmpdir(), 'databricks-')),
    signingKey: createSecretKey(randomBytes(32)),
    clock,
    mayAdminister: (resource, objectId) => resource === resourceId && objectId === `object-${admin}`,
    repositories: {},
    compute: scriptedCompute(script ?? {}, clock),
    latencies: {
      storageSeconds: 0,
      clusterSeconds: 60,
      gpuClusterSeconds: 240,
      warehouseSeconds: 120,
      cloneSeconds: 0,
    },
    ...changed,
  };
  const workspace = { resourceId, workspaceId: '4711000000000001', name: 'implied-volatility', location: 'westeurope' };
  let databricks = await startDatabricks(options);
  const { host } = await databricks.createWorkspace(workspace);
  onTestFinished(async () => {
    await databricks.close();
    rmSync(options.folder, { recursive: true, force: true });
  });

  const token: TestWorkspace['token'] = ({ audience = databricksAudience, identity = admin, seconds = 3600 } = {}) => {
    const now = clock.now() / 1000;
    const times = { iat: now, nbf: now, exp: now + seconds };
    const claims = { aud: audience, iss: 'local', tid: 'tenant', oid: `object-${identity}`, appid: identity, ...times };
    return signToken(claims, options.signingKey);
  };
  const adminHeaders = (): Record<string, string> => ({
    authorization: `Bearer ${token()}`,
    'x-databricks-azure-workspace-resource-id': resourceId,
    'x-databricks-azure-sp-management-token': token({ audience: managementAudience }),
  });
  const call: TestWorkspace['call'] = async (method, path, body, headers = adminHeaders()) => {
    const response = await fetch(`https://${host}${path}`, {
      method,
      // No connection outlives its call, or the first call after a restart would meet a dead one.
      headers: { 'content-type': 'application/json', connection: 'close', ...headers },
      ...(body !== undefined && { body: formatJson(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return { status: response.status, headers: response.headers, body: isJson ? parseJson(text) : text };
  };
  const until: TestWorkspace['until'] = async (runId, wanted) => {
    for (let step = 0; step < 400; step++) {
      const { body: run } = await call('GET', `/api/2.2/jobs/runs/get?run_id=${runId}`);
      if (wanted(run)) return run;
      const due = clock.nextDue();
      if (due !== undefined) clock.advanceTo(due);
    }
    throw new Error(`Run ${runId} never reached the wanted state.`);
  };
  return {
    clock,
    folder: join(options.folder, workspace.workspaceId),
    host,
    caFile: options.certificate.caFile,
    get server(): ApiServer {
      const [running] = databricks.workspaces();
      if (!running) throw new Error('No workspace is running.');
      return running.server;
    },
    get databricks(): Databricks {
      return databricks;
    },
    call,
    token,
    until,
    finish: (runId) => until(runId, (run) => run.end_time > 0),
    async restart(again = {}) {
      await databricks.close();
      databricks = await startDatabricks({ ...options, ...again });
    },
  };
}

/** A notebook's source in the workspace, at a path without extension. */
export async function importNotebook({ call }: TestWorkspace, path: string, source = 'print(1)'): Promise<void> {
  const content = Buffer.from(`# Databricks notebook source\n${source}`).toString('base64');
  const parent = path.slice(0, path.lastIndexOf('/'));
  await call('POST', '/api/2.0/workspace/mkdirs', { path: parent });
  await call('POST', '/api/2.0/workspace/import', {
    path,
    content,
    format: 'SOURCE',
    language: 'PYTHON',
    overwrite: true,
  });
}

export const cpuCluster = { spark_version: '15.4.x-scala2.12', node_type_id: 'Standard_D4ads_v5', num_workers: 1 };
export const gpuCluster = {
  spark_version: '13.3.x-gpu-ml-scala2.12',
  node_type_id: 'Standard_NC4as_T4_v3',
  num_workers: 4,
};

/** A task for a notebook below `/Shared`, on the job cluster `main`. */
export const taskFor = (key: string, needs: string[] = [], more: object = {}): Json => ({
  task_key: key,
  depends_on: needs.map((task_key) => ({ task_key })),
  job_cluster_key: 'main',
  notebook_task: { notebook_path: `/Shared/${key}` },
  ...more,
});

/** Makes the notebooks of the tasks and a job of them; gives its id. */
export async function createJob(workspace: TestWorkspace, tasks: Json[], more: object = {}): Promise<Json> {
  for (const task of tasks) await importNotebook(workspace, task.notebook_task.notebook_path);
  const clusters = [{ job_cluster_key: 'main', new_cluster: cpuCluster }];
  const created = await workspace.call('POST', '/api/2.2/jobs/create', {
    name: 'job',
    tasks,
    job_clusters: clusters,
    ...more,
  });
  if (created.status !== 200) throw new Error(JSON.stringify(created.body));
  return created.body.job_id;
}

export async function startRun({ call }: TestWorkspace, jobId: Json, more: object = {}): Promise<Json> {
  const { body } = await call('POST', '/api/2.2/jobs/run-now', { job_id: jobId, ...more });
  return body.run_id;
}
