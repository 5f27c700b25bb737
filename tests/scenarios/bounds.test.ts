import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { acceleratorScript } from '../../local/databricks/notebooks/acceleratorScript.ts';
import { actCompanion } from '../../local/databricks/notebooks/companionScript.ts';
import type { NotebookScript } from '../../local/databricks/notebooks/scriptedCompute.ts';
import { fullSweep } from '../support/fullSweep.ts';
import { executionsIn, historyMeter, largestPayload, longestGeneration, type Row } from '../support/historyMeter.ts';
import { recordSentRequests, type SentRequest } from '../support/sentRequests.ts';
import { type DeploymentWish, startWorld, type World } from '../support/world.ts';

const hourMs = 3_600_000;
const runHours = 3;
const plain = 'https://github.com/industry-solutions/smart-claims';

const cluster = { spark_version: '15.4.x-scala2.12', node_type_id: 'Standard_D4ads_v5', num_workers: 0 };
const only = { task_key: 'only', notebook_task: { notebook_path: '01_introduction' } };
/** Without a limit of its own, which would end it after two hours. */
const longJob = { name: 'long', max_concurrent_runs: 1, tasks: [{ ...only, new_cluster: cluster }] };
const companionJob = {
  max_concurrent_runs: 1,
  job_clusters: [{ job_cluster_key: 'claims', new_cluster: cluster }],
  tasks: [{ ...only, job_cluster_key: 'claims' }],
};

const script: NotebookScript = {
  ...acceleratorScript,
  RUNME: {
    seconds: 20,
    outcome: async (request, api, tables, sleep) => {
      const { run_job: asCompanion, mode } = request.parameters;
      if (asCompanion !== undefined) return actCompanion(companionJob, request, api, sleep, '');
      const usual = acceleratorScript['RUNME']?.outcome;
      if (mode !== 'long') return typeof usual === 'function' ? usual(request, api, tables, sleep) : {};
      const notebook_path = request.notebookPath.replace(/RUNME$/, '01_introduction');
      const task = { ...longJob.tasks[0], notebook_task: { notebook_path } };
      const { job_id } = await api('POST', '/api/2.2/jobs/create', { ...longJob, tasks: [task] });
      const { run_id } = await api('POST', '/api/2.2/jobs/run-now', { job_id, idempotency_token: 'long' });
      return { result: JSON.stringify({ job_id: String(job_id), run_id: String(run_id) }) };
    },
  },
  '01_introduction': {
    seconds: 60,
    outcome: async ({ host }, _api, _tables, sleep) => {
      if (longHosts.has(host)) await sleep(runHours * 3600);
      return {};
    },
  },
};

const longHosts = new Set<string>();
const sent = recordSentRequests();
let world: World;
beforeAll(async () => {
  world = await startWorld({
    script,
    plainRepositories: [plain],
    settings: ({ ACCELERATORS: usual = '{}' }) => {
      const shipped = (JSON.parse(usual) as Record<string, object>)['predicting-implied-volatility'];
      return {
        ALLOWED_REPOSITORIES: plain,
        ACCELERATORS: JSON.stringify({ ...JSON.parse(usual), long: { ...shipped, verify: false } }),
        // Those that a deployer has who sets none.
        EXPECTED_SECONDS: '{"workspace":180,"storage":40,"runme":360,"notebooks":3600,"warehouse":240}',
      };
    },
    onWorkspace(name, server) {
      if (name !== 'dbw-usual') longHosts.add(`localhost:${server.port}`);
    },
  });
});
afterAll(() => world.close());

interface Measured {
  rows: Row[];
  statusBytes: number;
  /** What the app sent to Resource Manager and to the workspace. */
  azure: SentRequest[];
  databricks: SentRequest[];
  /** Times of the looks at runs, and when the first of them was. */
  looksMs: number[];
  runStartMs: number;
}

async function measured(wish: DeploymentWish): Promise<Measured> {
  const meter = historyMeter(world);
  const looksMs: number[] = [];
  sent.length = 0;
  const { id } = await world.start(wish);
  let counted = 0;
  await world.until(async () => {
    await meter.look();
    for (; counted < sent.length; counted++)
      if (sent[counted]?.path.startsWith('/api/2.2/jobs/runs/get?')) looksMs.push(world.clock.now());
    return world.isOver(id);
  });
  const ended = await world.read(id);
  expect(ended.failure).toBeUndefined();
  const { url } = world.workspace(wish.workspaceName);
  return {
    rows: meter.rows.filter(({ instance }) => instance.startsWith(id)),
    statusBytes: meter.statusBytes,
    azure: sent.filter(({ origin }) => origin === world.cloud.azure.url),
    databricks: sent.filter(({ origin }) => origin === url),
    looksMs,
    runStartMs: Date.parse(ended.steps.find(({ name }) => name === 'notebooks')?.startedAt ?? ''),
  };
}

/** What an hour of the run cost, for each whole hour of it. */
function hoursOf({ rows, looksMs, runStartMs }: Measured): { looks: number; rows: number; executions: number }[] {
  return Array.from({ length: runHours }, (_, hour) => {
    const isIn = (atMs: number): boolean => Math.floor((atMs - runStartMs) / hourMs) === hour;
    const during = rows.filter(({ atMs }) => isIn(atMs));
    return { looks: looksMs.filter(isIn).length, rows: during.length, executions: executionsIn(during) };
  });
}

const most = (hours: Record<'looks' | 'rows' | 'executions', number>[]): object => ({
  looks: Math.max(...hours.map(({ looks }) => looks)),
  rows: Math.max(...hours.map(({ rows }) => rows)),
  executions: Math.max(...hours.map(({ executions }) => executions)),
});
const atMost = (bound: number): number => expect.toSatisfy((value: number) => value > 0 && value <= bound) as number;

describe('a deployment', () => {
  let usual: Measured;
  beforeAll(async () => {
    usual = await measured({ workspaceName: 'dbw-usual' });
  }, 60_000);

  test('of the usual length has at most 600 rows of history and 230 executions, and no orchestration more than 400 rows', () => {
    expect(usual.rows.length).toEqual(atMost(600));
    expect(executionsIn(usual.rows)).toEqual(atMost(230));
    expect(longestGeneration(usual.rows)).toEqual(atMost(400));
  });

  test('hands on nothing beyond 50 kB and never shows more than the 16 kB that the backend takes', () => {
    expect(largestPayload(usual.rows)).toEqual(atMost(50_000));
    expect(usual.statusBytes).toEqual(atMost(16_384));
  });

  test('writes to Azure three times and to the workspace eleven, and reads as seldom as it may', () => {
    const writes = (requests: SentRequest[]): number => requests.filter(({ method }) => method !== 'GET').length;
    expect([writes(usual.azure), writes(usual.databricks)]).toEqual([3, 11]);
    expect(usual.azure.length).toEqual(atMost(25));
    expect(usual.databricks.length - usual.looksMs.length).toEqual(atMost(45));
  });
});

describe('an hour of a run costs', () => {
  test('at most 90 looks, 800 rows and 300 executions while it lasts as long as expected; 110, 900 and 330 when it goes on', async () => {
    const long = await measured({ workspaceName: 'dbw-long', accelerator: 'long', parameters: { mode: 'long' } });
    const hours = hoursOf(long);
    expect(hours[0]).toEqual({ looks: atMost(90), rows: atMost(800), executions: atMost(300) });
    expect(most(hours)).toEqual({ looks: atMost(110), rows: atMost(900), executions: atMost(330) });
    expect(longestGeneration(long.rows)).toEqual(atMost(400));
    expect(largestPayload(long.rows)).toEqual(atMost(50_000));
  }, 60_000);

  test.runIf(fullSweep)(
    'twice the looks where RUNME waits for its notebooks and both are looked at',
    async () => {
      const wish = { workspaceName: 'dbw-companion', accelerator: { repositoryUrl: plain, branch: 'main' } };
      const companion = await measured(wish);
      expect(most(hoursOf(companion))).toEqual({ looks: atMost(220), rows: atMost(1350), executions: atMost(560) });
      expect(longestGeneration(companion.rows)).toEqual(atMost(400));
    },
    60_000,
  );
});

describe('memory', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const heldBytes = async (): Promise<number> => {
    await world.host.idle();
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };

  test('is given back: a deployment, with host and cloud in the same process, keeps less than a megabyte', async () => {
    const { id } = await world.deploy({ workspaceName: 'dbw-usual', tags: { again: '0' } });
    const rerun = async (): Promise<void> => {
      await world.call(`/api/deployments/${id}/retry`, { method: 'POST', body: { rerun: true } });
      await world.finish(id);
    };
    await rerun();
    sent.length = 0;
    const before = await heldBytes();
    const times = fullSweep ? 30 : 5;
    for (let n = 0; n < times; n++) {
      await rerun();
      sent.length = 0;
    }
    expect(((await heldBytes()) - before) / times).toBeLessThan(1_000_000);
  }, 180_000);
});
