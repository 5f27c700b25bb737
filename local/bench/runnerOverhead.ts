import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StartedCluster } from '../databricks/compute.ts';
import type { NotebookRequest } from '../databricks/notebooks/notebookRequest.ts';
import { sparkCompute } from '../databricks/spark/sparkCompute.ts';
import { ensureCertificate } from '../kit/certificate.ts';
import type { Spark } from '../setup/spark.ts';
import { type Figure, median, ratio } from '../kit/figure.ts';

const runs = 5;

/** Time of an empty notebook on a cluster with Spark, beside an empty program in plain Python, taken in turn. */
export async function runnerOverhead(spark: Spark): Promise<Figure> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-runner-'));
  const cluster = startCluster(spark, folder);
  try {
    await cluster.ready;
    const { caFile } = await ensureCertificate(join(folder, 'tls'));
    const notebook: number[] = [];
    const plain: number[] = [];
    for (let run = 0; run < runs; run++) {
      notebook.push(await timeOf(() => runEmpty(cluster, folder, caFile, `${run}`)));
      plain.push(await timeOf(() => void execFileSync(spark.python, ['-c', 'pass'])));
    }
    const [own, least] = [median(notebook), median(plain)];
    return {
      name: 'runner and Spark session for an empty notebook (goal < 3 s)',
      value: `${(own / 1000).toFixed(2)} s`,
      against: `${ratio(own, least)} an empty program in plain Python (${(least / 1000).toFixed(2)} s)`,
    };
  } finally {
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function startCluster(spark: Spark, folder: string): StartedCluster {
  const tablesRoot = join(folder, 'tables');
  mkdirSync(join(tablesRoot, 'bench', 'default'), { recursive: true });
  const own = join(folder, 'cluster');
  mkdirSync(own);
  const cluster = {
    clusterId: 'bench',
    sparkVersion: '15.4.x-scala2.12',
    folder: own,
    tablesRoot,
    catalogs: ['bench'],
  };
  return sparkCompute(spark).startCluster(cluster);
}

async function runEmpty(cluster: StartedCluster, folder: string, caFile: string, runId: string): Promise<void> {
  const workspaceRoot = join(folder, 'files');
  const logFolder = join(folder, 'logs', runId);
  for (const path of [workspaceRoot, logFolder]) mkdirSync(path, { recursive: true });
  writeFileSync(join(workspaceRoot, 'empty.py'), '# Databricks notebook source\npass\n');
  const request: NotebookRequest = {
    workspaceRoot,
    dbfsRoot: join(folder, 'dbfs'),
    volumesRoot: join(folder, 'volumes'),
    notebookPath: '/empty',
    parameters: {},
    host: 'localhost:443',
    token: '',
    caFile,
    user: 'bench',
    workspaceId: '1',
    jobId: '1',
    runId,
    parentRunId: '1',
    taskKey: 'empty',
    clusterKey: 'main',
    clusterId: 'bench',
    sparkVersion: '15.4.x-scala2.12',
    logFolder,
  };
  const { error } = await cluster.start(request).outcome;
  if (error !== undefined) throw new Error(`The empty notebook failed: ${error}`);
}

async function timeOf(work: () => unknown): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
