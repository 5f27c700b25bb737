import type { Answer, Json, TestWorkspace } from './startTestWorkspace.ts';

type Caller = Pick<TestWorkspace, 'call'>;
const root = '/api/2.0/mlflow';

/** Makes an experiment; gives its id. */
export async function createExperiment({ call }: Caller, name: string, tags: Json[] = []): Promise<string> {
  // The first call makes the caller's home folder.
  await call('GET', '/api/2.0/preview/scim/v2/Me');
  const { status, body } = await call('POST', `${root}/experiments/create`, { name, tags });
  if (status !== 200) throw new Error(JSON.stringify(body));
  return body.experiment_id;
}

/** Makes a run in the experiment of this name, which is made when it is not there; gives its id. */
export async function createRun({ call }: Caller, experiment: string, more: object = {}): Promise<string> {
  const found = await call('GET', `${root}/experiments/get-by-name?experiment_name=${experiment}`);
  const experiment_id = found.body.experiment?.experiment_id ?? (await createExperiment({ call }, experiment));
  const { body } = await call('POST', `${root}/runs/create`, { experiment_id, ...more });
  return body.run.info.run_id;
}

export const logBatch = ({ call }: Caller, run_id: string, batch: object): Promise<Answer> =>
  call('POST', `${root}/runs/log-batch`, { run_id, ...batch });
