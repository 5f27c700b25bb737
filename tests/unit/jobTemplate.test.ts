import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DeploymentError, type Failure } from '../../domain/errors.ts';
import { defaultTemplate, jobSettingsFrom } from '../../domain/jobTemplate.ts';

const template = {
  name: 'RUNME',
  tasks: [
    {
      task_key: 'RUNME',
      job_cluster_key: 'small',
      notebook_task: { notebook_path: 'notebooks/RUNME', base_parameters: { wait: 'no', paths: '10' } },
      timeout_seconds: 600,
    },
  ],
  job_clusters: [
    { job_cluster_key: 'small', new_cluster: { spark_version: '15.4.x-cpu-ml-scala2.12', num_workers: 1 } },
  ],
  tags: { solution: 'volatility' },
  timeout_seconds: 28_800,
};
const own = {
  name: 'accelerator x 0123',
  tags: { 'accelerator-deployment': '0123' },
  repositoryPath: '/Users/app/x',
  parameters: { paths: '20', attempt: '1' },
};

const withTask = (change: object): string =>
  JSON.stringify({ ...template, tasks: [{ ...template.tasks[0], ...change }] });
const withPath = (path: unknown): string => withTask({ notebook_task: { notebook_path: path } });

const failureOf = (text: string): Failure => {
  try {
    jobSettingsFrom(text, own);
  } catch (error) {
    if (error instanceof DeploymentError) return error.failure;
    throw error;
  }
  throw new Error('the template was taken');
};

/** The notebook's path, undefined when the template is refused; throws what is no refusal. */
const pathOf = (text: string): string | undefined => {
  try {
    return jobSettingsFrom(text, own).tasks[0]?.notebook_task.notebook_path;
  } catch (error) {
    if (error instanceof DeploymentError) return undefined;
    throw error;
  }
};

describe('jobSettingsFrom', () => {
  test('puts name, tags, absolute path and parameters into the template and keeps the rest', () => {
    expect(jobSettingsFrom(JSON.stringify(template), own)).toEqual({
      ...template,
      name: own.name,
      tags: { solution: 'volatility', 'accelerator-deployment': '0123' },
      tasks: [
        {
          ...template.tasks[0],
          notebook_task: {
            notebook_path: '/Users/app/x/notebooks/RUNME',
            base_parameters: { wait: 'no', paths: '20', attempt: '1' },
          },
        },
      ],
    });
  });

  test('lets no template speak for the deployment', () => {
    const claimed = { ...template, tags: { 'accelerator-deployment': 'another' } };
    expect(jobSettingsFrom(JSON.stringify(claimed), own).tags).toEqual(own.tags);
  });

  test('is content with a task that has no parameters', () => {
    const [task] = jobSettingsFrom(withPath('RUNME'), own).tasks;
    expect(task?.notebook_task).toEqual({ notebook_path: '/Users/app/x/RUNME', base_parameters: own.parameters });
  });

  test('runs the RUNME that the catalogue names instead of the template\u2019s', () => {
    const [task] = jobSettingsFrom(JSON.stringify(template), { ...own, runmePath: 'RUNME' }).tasks;
    expect(task?.notebook_task.notebook_path).toBe('/Users/app/x/RUNME');
  });

  test('makes of the default template one RUNME on a cluster of one machine, at most once at a time and not for ever', () => {
    const settings = jobSettingsFrom(defaultTemplate, { ...own, runmePath: 'RUNME' });
    expect(settings).toMatchObject({
      name: own.name,
      tags: own.tags,
      max_concurrent_runs: 1,
      timeout_seconds: 28_800,
      tasks: [{ notebook_task: { notebook_path: '/Users/app/x/RUNME', base_parameters: own.parameters } }],
      job_clusters: [{ new_cluster: { spark_version: '15.4.x-scala2.12', num_workers: 0 } }],
    });
    expect(settings.tasks[0]?.job_cluster_key).toBe(settings.job_clusters?.[0]?.job_cluster_key);
  });

  test.each([
    ['no JSON', '{', /JSON/],
    ['no object', '[]', /tasks/],
    ['no tasks', '{}', /tasks/],
    ['an empty list of tasks', '{"tasks":[]}', /tasks: The template has exactly one task/],
    ['several tasks', JSON.stringify({ tasks: [template.tasks[0], template.tasks[0]] }), /exactly one task/],
    ['a task that is no notebook', withTask({ notebook_task: undefined }), /tasks\.0\.notebook_task/],
    ['a task key with blanks', withTask({ task_key: 'RUN ME' }), /tasks\.0\.task_key/],
    ['an absolute path', withPath('/Users/somebody/x'), /relative to the repository/],
    ['a path out of the repository', withPath('notebooks/../../x'), /inside the repository/],
    ['a path that begins with dots', withPath('../x'), /relative to the repository/],
    ['a URL', withPath('https://a.test/x'), /relative to the repository/],
    ['a backslash', withPath('notebooks\\..\\x'), /relative to the repository/],
    ['a number for a path', withPath(7), /notebook_path/],
    [
      'a parameter that is no text',
      withTask({ notebook_task: { notebook_path: 'x', base_parameters: { n: 1 } } }),
      /n/,
    ],
    ['a run_as', JSON.stringify({ ...template, run_as: { user_name: 'a@b.test' } }), /whom the job runs as/],
    ['a run_as of null', JSON.stringify({ ...template, run_as: null }), /whom the job runs as/],
    [
      'a job cluster without a runtime',
      JSON.stringify({ ...template, job_clusters: [{ job_cluster_key: 'a' }] }),
      /job_clusters/,
    ],
    ['a time limit below 0', JSON.stringify({ ...template, timeout_seconds: -1 }), /timeout_seconds/],
  ])('refuses %s', (_what, text, cause) => {
    const { code, retryable, cause: said } = failureOf(text);
    expect({ code, retryable }).toEqual({ code: 'JOB_TEMPLATE_INVALID', retryable: false });
    expect(said).toMatch(cause);
  });

  test('takes or refuses any text, and what it takes runs one notebook inside the repository', () => {
    const texts = fc.oneof(fc.string(), fc.json(), fc.string().map(withPath));
    fc.assert(
      fc.property(texts, (text) => {
        const path = pathOf(text) ?? `${own.repositoryPath}/x`;
        expect(new URL(path, 'https://w.test').pathname).toMatch(/^\/Users\/app\/x\/./);
      }),
      { numRuns: 500 },
    );
  });
});
