import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { StatusResource } from '../../domain/status.ts';
import { demoLatencies } from '../cloud/demoLatencies.ts';
import type { Figure } from './figure.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * The deployer's own share of the demo: wall time less the longest chain of cloud work, which is the creation of the
 * workspace, its storage, the clone, and the two runs with their clusters.
 */
export function ownShare(): Figure {
  const demo = spawnSync(process.execPath, ['local/demo/main.ts', '--json'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1e8,
  });
  if (demo.status !== 0) throw new Error(`The demo failed:\n${demo.stderr}`);
  const status = JSON.parse(demo.stdout) as StatusResource;
  const wall = secondsBetween(status.createdTime, status.lastUpdatedTime);
  const runs = status.runs.map(({ startedAt = '', endedAt = '' }) => secondsBetween(startedAt, endedAt));
  const { workspaceSeconds, storageSeconds, cloneSeconds } = demoLatencies;
  const cloud = runs.reduce((sum, seconds) => sum + seconds, workspaceSeconds + storageSeconds + cloneSeconds);
  return {
    name: 'the deployer\u2019s own share of the demo (goal < 10 %)',
    value: `${(((wall - cloud) / wall) * 100).toFixed(1)} %`,
    against: `${wall.toFixed(1)} s in all, ${cloud.toFixed(1)} s of cloud work`,
  };
}

const secondsBetween = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 1000;
