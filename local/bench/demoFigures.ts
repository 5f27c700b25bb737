import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StatusResource } from '../../domain/status.ts';
import { demoLatencies } from '../cloud/demoLatencies.ts';
import { localResourceGroup } from '../cloud/localNames.ts';
import { followDeployment, startDeployment } from '../demo/followDeployment.ts';
import { partsOf } from '../demo/parts.ts';
import { getJson } from '../stack/getJson.ts';
import { type Stack, startStack } from '../stack/startStack.ts';
import type { Figure } from '../kit/figure.ts';
import { watchMemory } from './processTree.ts';

/** Deploys as the demo does: its time and where that went, the deployer's own share, memory, and the remote calls of the proof. */
export async function demoFigures(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-demo-'));
  const memory = watchMemory(process.pid);
  const stack = await startStack({ folder, ports: { host: 0, azure: 0, identity: 0 } });
  try {
    const started = await startDeployment(stack.url, stack.functionKey, {
      resourceGroup: localResourceGroup,
      workspaceName: 'dbw-bench',
      parameters: { profile: 'small' },
    });
    const status = await followDeployment(started, () => undefined);
    if (status.failure) throw new Error(`The deployment failed: ${status.failure.code} ${status.failure.message}`);
    return [timeFigure(status), ownShare(status), memoryFigure(memory.stop()), await proofCalls(stack, status)];
  } finally {
    memory.stop();
    await stack.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function timeFigure(status: StatusResource): Figure {
  const parts = partsOf(status).map(({ title, share }) => `${title} ${Math.round(share * 100)} %`);
  return {
    name: 'warm demo (goal < 3 minutes)',
    value: `${secondsBetween(status.createdTime, status.lastUpdatedTime).toFixed(0)} s`,
    against: parts.join(', '),
  };
}

/**
 * Wall time less the longest chain of cloud work: the creation of the workspace, its storage, the clone, the two runs
 * with their clusters, the start of the warehouse, the queries.
 */
function ownShare(status: StatusResource): Figure {
  const wall = secondsBetween(status.createdTime, status.lastUpdatedTime);
  const runs = status.runs.map(({ startedAt = '', endedAt = '' }) => secondsBetween(startedAt, endedAt));
  const sql = status.steps
    .filter(({ name }) => name === 'warehouse' || name === 'verification')
    .map(({ startedAt = '', endedAt = '' }) => secondsBetween(startedAt, endedAt));
  const { workspaceSeconds, storageSeconds, cloneSeconds } = demoLatencies;
  const cloud = [...runs, ...sql].reduce(
    (sum, seconds) => sum + seconds,
    workspaceSeconds + storageSeconds + cloneSeconds,
  );
  return {
    name: 'the deployer\u2019s own share of the demo (goal < 10 %)',
    value: `${(((wall - cloud) / wall) * 100).toFixed(1)} %`,
    against: `${wall.toFixed(1)} s in all, ${cloud.toFixed(1)} s of cloud work`,
  };
}

const memoryFigure = (bytes: number | undefined): Figure => ({
  name: 'memory of the whole demo at its most (goal < 6 GiB)',
  value: bytes === undefined ? 'unknown' : `${(bytes / 2 ** 30).toFixed(1)} GiB`,
  against: 'all processes, shared pages counted once',
});

/** From the first call to the warehouse on, the workspace is called by the proof alone. */
async function proofCalls({ settings }: Stack, { links }: StatusResource): Promise<Figure> {
  const ca = readFileSync(settings['NODE_EXTRA_CA_CERTS'] ?? '');
  const requests = (await getJson(`${links.workspace}/__requests`, ca)) as { path: string }[];
  const first = requests.findIndex(({ path }) => path.includes('#OpenSession'));
  return {
    name: 'remote calls of the proof of the results (goal <= 10)',
    value: String(requests.length - first),
    against: requests
      .slice(first)
      .map(({ path }) => path.replace(/^.*[/#]/, ''))
      .join(', '),
  };
}

const secondsBetween = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 1000;
