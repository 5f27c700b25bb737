import { ApiError, invalidParameter, missingField, notEmulated } from '../apiError.ts';
import { type Fields, boundedInteger, isFields, optionalText, requiredText, textMap } from '../requestFields.ts';

export const runConditions = [
  'ALL_SUCCESS',
  'AT_LEAST_ONE_SUCCESS',
  'NONE_FAILED',
  'ALL_DONE',
  'AT_LEAST_ONE_FAILED',
  'ALL_FAILED',
] as const;
export type RunCondition = (typeof runConditions)[number];

/** A cluster as a job describes it. */
export interface ClusterSpec extends Fields {
  spark_version: string;
  node_type_id?: string;
  num_workers?: number;
}

/** A task as the API takes and gives it; what the emulator does not read is kept as it came. */
export interface TaskSettings extends Fields {
  task_key: string;
  depends_on?: { task_key: string }[];
  run_if: RunCondition;
  notebook_task: { notebook_path: string; base_parameters?: Record<string, string> };
  job_cluster_key?: string;
  new_cluster?: ClusterSpec;
  max_retries?: number;
  min_retry_interval_millis?: number;
  retry_on_timeout?: boolean;
  timeout_seconds: number;
  disabled?: boolean;
}

export interface JobSettings extends Fields {
  name: string;
  tasks: TaskSettings[];
  job_clusters?: { job_cluster_key: string; new_cluster: ClusterSpec }[];
  max_concurrent_runs: number;
  timeout_seconds: number;
  queue?: { enabled: boolean };
  parameters?: { name: string; default: string }[];
  run_as?: { service_principal_name?: string };
}

const otherTaskTypes = [
  'spark_python_task',
  'python_wheel_task',
  'spark_jar_task',
  'spark_submit_task',
  'pipeline_task',
  'sql_task',
  'dbt_task',
  'run_job_task',
  'condition_task',
  'for_each_task',
  'dashboard_task',
  'clean_rooms_notebook_task',
  'gen_ai_compute_task',
  'power_bi_task',
  'dbt_cloud_task',
  'dbt_platform_task',
];
const otherJobFeatures = ['schedule', 'trigger', 'continuous', 'git_source', 'notebook_task', 'environments'];

/** Job settings with the server's defaults filled in; 400 for wrong ones, 501 for what is not emulated. */
export function readJobSettings(fields: Fields, tasksMost: number): JobSettings {
  for (const feature of otherJobFeatures) {
    if (fields[feature] !== undefined) throw notEmulated(`the job setting ${feature}`);
  }
  const tasks = fields['tasks'];
  if (!Array.isArray(tasks) || tasks.length === 0) throw invalidParameter('At least one task must be specified.');
  if (tasks.length > tasksMost) throw invalidParameter(`The number of tasks exceeds the limit of ${tasksMost}.`);
  const clusters = readJobClusters(fields);
  const settings: JobSettings = {
    email_notifications: {},
    format: 'MULTI_TASK',
    ...fields,
    name: optionalText(fields, 'name') ?? 'Untitled',
    tasks: tasks.map((task: unknown, index) => readTask(task, index, clusters)),
    max_concurrent_runs: boundedInteger(fields, 'max_concurrent_runs', { least: 0, most: 1000, fallback: 1 }),
    timeout_seconds: boundedInteger(fields, 'timeout_seconds', { least: 0, most: 30 * 86_400, fallback: 0 }),
  };
  if (settings.name.length > 4096) throw invalidParameter('The job name must have at most 4096 characters.');
  checkParameters(settings);
  checkGraph(settings.tasks);
  return settings;
}

function readJobClusters(fields: Fields): Set<string> {
  const clusters = fields['job_clusters'] ?? [];
  if (!Array.isArray(clusters) || !clusters.every(isFields)) throw invalidParameter('job_clusters must be a list.');
  const keys = new Set<string>();
  for (const cluster of clusters) {
    const key = requiredText(cluster, 'job_cluster_key');
    if (keys.has(key)) throw invalidParameter(`The job_cluster_key '${key}' is not unique.`);
    keys.add(key);
    checkCluster(cluster['new_cluster'], `job_clusters[${key}].new_cluster`);
  }
  return keys;
}

function readTask(task: unknown, index: number, clusters: Set<string>): TaskSettings {
  if (!isFields(task)) throw invalidParameter(`tasks[${index}] must be an object.`);
  const key = requiredText(task, 'task_key');
  if (!/^[\w-]{1,100}$/.test(key)) {
    throw invalidParameter(`The task key '${key}' may have only letters, digits, - and _, and at most 100 of them.`);
  }
  for (const type of otherTaskTypes) if (task[type] !== undefined) throw notEmulated(`tasks of the type ${type}`);
  const notebook = task['notebook_task'];
  if (!isFields(notebook)) throw invalidParameter(`Task '${key}' must have a task type such as notebook_task.`);
  checkNotebook(notebook, key);
  checkCompute(task, key, clusters);
  const runIf = (optionalText(task, 'run_if') ?? 'ALL_SUCCESS') as RunCondition;
  if (!runConditions.includes(runIf)) throw invalidParameter(`Task '${key}' has the unknown run_if ${runIf}.`);
  const retries = boundedInteger(task, 'max_retries', { least: -1, most: 1000, fallback: 0 });
  return {
    email_notifications: {},
    ...(task as TaskSettings),
    ...(task['depends_on'] !== undefined && { depends_on: readDependencies(task['depends_on'], key) }),
    ...(isFields(task['new_cluster']) && { new_cluster: withClusterDefaults(task['new_cluster']) }),
    ...(task['max_retries'] !== undefined && { max_retries: retries }),
    run_if: runIf,
    timeout_seconds: boundedInteger(task, 'timeout_seconds', { least: 0, most: 30 * 86_400, fallback: 0 }),
  };
}

function checkNotebook(notebook: Fields, key: string): void {
  const path = requiredText(notebook, 'notebook_path');
  if (optionalText(notebook, 'source') === 'GIT') throw notEmulated('notebooks with the source GIT');
  if (!path.startsWith('/')) {
    throw invalidParameter(`Task '${key}': only absolute paths are supported for workspace notebooks, not ${path}.`);
  }
  textMap(notebook, 'base_parameters');
}

function checkCompute(task: Fields, key: string, clusters: Set<string>): void {
  if (task['existing_cluster_id'] !== undefined) {
    throw invalidParameter(`Task '${key}': Cluster ${requiredText(task, 'existing_cluster_id')} does not exist.`);
  }
  const jobCluster = optionalText(task, 'job_cluster_key');
  const own = task['new_cluster'];
  if (jobCluster !== undefined && own !== undefined) {
    throw invalidParameter(`Task '${key}' must have only one of job_cluster_key and new_cluster.`);
  }
  if (jobCluster !== undefined && !clusters.has(jobCluster)) {
    throw invalidParameter(`Task '${key}' refers to the job cluster '${jobCluster}', which is not defined.`);
  }
  if (own !== undefined) checkCluster(own, `Task '${key}': new_cluster`);
  if (jobCluster === undefined && own === undefined) throw notEmulated('serverless compute: a task without a cluster');
}

function checkCluster(cluster: unknown, where: string): void {
  if (!isFields(cluster)) throw missingField(where);
  if (optionalText(cluster, 'spark_version') === undefined) throw missingField(`${where}.spark_version`);
  if (cluster['instance_pool_id'] !== undefined) throw notEmulated('instance pools');
  if (optionalText(cluster, 'node_type_id') === undefined) throw missingField(`${where}.node_type_id`);
  if (cluster['num_workers'] === undefined && cluster['autoscale'] === undefined) {
    throw invalidParameter(`${where}: exactly one of num_workers and autoscale must be specified.`);
  }
  boundedInteger(cluster, 'num_workers', { least: 0, most: 100_000, fallback: 0 });
}

export const withClusterDefaults = (cluster: Fields): ClusterSpec => ({
  data_security_mode: 'SINGLE_USER',
  ...(cluster as ClusterSpec),
});

function readDependencies(given: unknown, key: string): { task_key: string }[] {
  if (!Array.isArray(given) || !given.every(isFields))
    throw invalidParameter(`Task '${key}': depends_on must be a list.`);
  const dependencies = given.map((dependency) => ({ ...dependency, task_key: requiredText(dependency, 'task_key') }));
  return dependencies.sort((a, b) => a.task_key.localeCompare(b.task_key));
}

function checkParameters(settings: JobSettings): void {
  const parameters: unknown = settings.parameters ?? [];
  if (!Array.isArray(parameters) || !parameters.every(isFields)) throw invalidParameter('parameters must be a list.');
  const names = parameters.map((parameter) => requiredText(parameter, 'name'));
  if (new Set(names).size < names.length) throw invalidParameter('The names of job parameters must be unique.');
}

function checkGraph(tasks: TaskSettings[]): void {
  const known = new Set<string>();
  for (const { task_key: key } of tasks) {
    if (known.has(key)) throw invalidParameter(`Duplicate task key '${key}'.`);
    known.add(key);
  }
  for (const { task_key: key, depends_on: dependencies = [] } of tasks) {
    const unknown = dependencies.find((dependency) => !known.has(dependency.task_key));
    if (unknown) throw invalidParameter(`Task '${key}' depends on the unknown task '${unknown.task_key}'.`);
  }
  const done = new Set<string>();
  for (let left = tasks; left.length > 0;) {
    const ready = left.filter(({ depends_on: needs = [] }) => needs.every((need) => done.has(need.task_key)));
    if (ready.length === 0) {
      throw new ApiError(400, 'INVALID_PARAMETER_VALUE', `Found a cycle: ${left.map((t) => t.task_key).join(', ')}.`);
    }
    for (const task of ready) done.add(task.task_key);
    left = left.filter((task) => !done.has(task.task_key));
  }
}
