import { expect, test } from 'vitest';
import { ourDeployment } from '../../local/bench/ourPolicy.ts';
import { runDeployments } from '../../local/bench/virtual/runDeployments.ts';

test('deployments in virtual time, host and cloud apart, take what their looks foretell and make each thing once', async () => {
  const short = { workspace: 61.5, storage: 17.25, runme: 75, notebooks: 130, warehouse: 33 };
  const waits = [short, { ...short, workspace: 90, storage: 3, notebooks: 200.125 }];
  const { deployments, cloud, work, memoryBytes } = await runDeployments({ waits, apartSeconds: 45 });
  expect(deployments).toHaveLength(2);
  for (const [index, { id, name, succeeded, wallSeconds }] of deployments.entries()) {
    expect(succeeded).toBe(true);
    const foretold = ourDeployment(waits[index] ?? short, id);
    expect(cloud.looks[name]).toEqual(foretold.looks);
    expect(wallSeconds).toBeCloseTo(foretold.wall, 1);
    expect(cloud.made[name]).toEqual({
      workspace: 1,
      identity: 1,
      role: 1,
      principal: 1,
      repository: 1,
      // RUNME's own, and that of the notebooks.
      job: 2,
      run: 2,
      warehouse: 1,
    });
  }
  expect(work.historyRows).toBeGreaterThan(work.episodes);
  expect(work.episodes).toBeGreaterThan(work.activities);
  expect(memoryBytes).toBeGreaterThan(50e6);
});
