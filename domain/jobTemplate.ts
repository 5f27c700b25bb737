import * as v from 'valibot';
import { TerminalError } from './errors.ts';

const task = v.looseObject({
  task_key: v.pipe(v.string(), v.regex(/^[\w-]{1,100}$/)),
  notebook_task: v.looseObject({
    notebook_path: v.pipe(
      v.string(),
      v.regex(/^[\w][\w./ -]*$/, 'The notebook path is relative to the repository.'),
      v.check((path) => !path.split('/').includes('..'), 'The notebook path stays inside the repository.'),
    ),
    base_parameters: v.optional(v.record(v.string(), v.string())),
  }),
  job_cluster_key: v.optional(v.string()),
});

/** Where a repository has its job template unless the catalogue says otherwise. */
export const usualTemplatePath = 'notebooks/job-template.json';

/** What an accelerator's job template may look like: settings of the Jobs API 2.2 with one notebook task. */
const template = v.looseObject({
  name: v.optional(v.string()),
  tasks: v.pipe(v.array(task), v.length(1, 'The template has exactly one task, the one that runs RUNME.')),
  job_clusters: v.optional(
    v.array(v.looseObject({ job_cluster_key: v.string(), new_cluster: v.looseObject({ spark_version: v.string() }) })),
  ),
  timeout_seconds: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  max_concurrent_runs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  tags: v.optional(v.record(v.string(), v.string())),
  run_as: v.optional(v.never('The template must not choose whom the job runs as.')),
});

export type JobSettings = v.InferOutput<typeof template>;

/** What the deployer puts into a template. */
export interface OwnSettings {
  name: string;
  tags: Record<string, string>;
  repositoryPath: string;
  /** RUNME's path in the repository; the template's own when undefined. */
  runmePath?: string | undefined;
  parameters: Record<string, string>;
}

/** The job's settings: the template with its name, tags, absolute notebook path and parameters put in. */
export function jobSettingsFrom(text: string, own: OwnSettings): JobSettings {
  const settings = parseTemplate(text);
  return {
    ...settings,
    name: own.name,
    tags: { ...settings.tags, ...own.tags },
    tasks: settings.tasks.map((task) => ({
      ...task,
      notebook_task: {
        ...task.notebook_task,
        notebook_path: `${own.repositoryPath}/${own.runmePath ?? task.notebook_task.notebook_path}`,
        base_parameters: { ...task.notebook_task.base_parameters, ...own.parameters },
      },
    })),
  };
}

/**
 * The template of a repository that has none: RUNME alone on a small cluster of one machine. RUNMEs that wait for their
 * notebooks need as long as these.
 */
export const defaultTemplate = JSON.stringify({
  max_concurrent_runs: 1,
  queue: { enabled: true },
  timeout_seconds: 8 * 60 * 60,
  job_clusters: [
    {
      job_cluster_key: 'runme',
      new_cluster: {
        spark_version: '15.4.x-scala2.12',
        node_type_id: 'Standard_D4ads_v5',
        num_workers: 0,
        data_security_mode: 'SINGLE_USER',
        spark_conf: { 'spark.master': 'local[*, 4]', 'spark.databricks.cluster.profile': 'singleNode' },
        custom_tags: { ResourceClass: 'SingleNode' },
      },
    },
  ],
  tasks: [
    {
      task_key: 'RUNME',
      job_cluster_key: 'runme',
      notebook_task: { notebook_path: 'notebooks/RUNME', source: 'WORKSPACE' },
    },
  ],
});

function parseTemplate(text: string): JobSettings {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new TerminalError('JOB_TEMPLATE_INVALID', 'The job template is not JSON.', { cause: String(error) });
  }
  const parsed = v.safeParse(template, json);
  if (parsed.success) return parsed.output;
  const faults = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? '(root)'}: ${issue.message}`);
  throw new TerminalError('JOB_TEMPLATE_INVALID', 'The job template does not fit.', { cause: faults.join('; ') });
}
