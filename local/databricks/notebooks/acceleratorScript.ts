import { actTraining } from './actedResults.ts';
import type { NotebookRequest } from './notebookRequest.ts';
import type { NotebookApi, NotebookScript } from './scriptedCompute.ts';

/** The accelerator acted: RUNME really makes and starts the child job, the three notebooks take their time, the last one leaves results. */
export const acceleratorScript: NotebookScript = {
  RUNME: {
    seconds: 20,
    outcome: async (request, api) => ({ result: await startChild(request, api) }),
  },
  '01_introduction': { seconds: 60 },
  '02_create_features': { seconds: 600 },
  '03_train_models': { seconds: 900, outcome: actTraining },
};

interface Listed {
  jobs?: { job_id: bigint }[];
}

async function startChild(request: NotebookRequest, api: NotebookApi): Promise<string> {
  const folder = request.notebookPath.slice(0, request.notebookPath.lastIndexOf('/'));
  const name = `[RUNNER] implied volatility ${folder}`;
  const settings = childSettings(name, folder, request.parameters);
  const { jobs = [] } = (await api('GET', `/api/2.2/jobs/list?name=${encodeURIComponent(name)}`)) as Listed;
  const known = jobs.at(-1)?.job_id;
  if (known !== undefined) await api('POST', '/api/2.2/jobs/reset', { job_id: known, new_settings: settings });
  const jobId = known ?? (await api('POST', '/api/2.2/jobs/create', settings))['job_id'];
  const token = `child-of-${request.parentRunId}`;
  const started = await api('POST', '/api/2.2/jobs/run-now', { job_id: jobId, idempotency_token: token });
  return JSON.stringify({ job_id: `${jobId as bigint}`, run_id: `${started['run_id'] as bigint}` });
}

function childSettings(name: string, folder: string, parameters: Record<string, string>): object {
  const steps: [key: string, notebook: string, ...needs: string[]][] = [
    ['PIV_01', '01_introduction'],
    ['PIV_02', '02_create_features', 'PIV_01'],
    ['PIV_03', '03_train_models', 'PIV_02'],
  ];
  return {
    name,
    tags: { 'accelerator-deployment': parameters['deployment'] ?? '' },
    max_concurrent_runs: 1,
    timeout_seconds: 7200,
    job_clusters: [
      {
        job_cluster_key: 'PIV_cluster',
        new_cluster: {
          spark_version: parameters['spark_version'] ?? '13.3.x-gpu-ml-scala2.12',
          node_type_id: parameters['node_type_id'] ?? 'Standard_NC4as_T4_v3',
          num_workers: Number(parameters['num_workers'] ?? 4),
        },
      },
    ],
    tasks: steps.map(([key, notebook, ...needs]) => ({
      task_key: key,
      depends_on: needs.map((need) => ({ task_key: need })),
      job_cluster_key: 'PIV_cluster',
      notebook_task: { notebook_path: `${folder}/${notebook}`, base_parameters: parameters },
    })),
  };
}
