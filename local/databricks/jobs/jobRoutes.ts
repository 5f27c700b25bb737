import type { ApiReply, ApiRequest } from '../../kit/router.ts';
import type { Collection } from '../../kit/store.ts';
import { invalidParameter } from '../apiError.ts';
import type { Callers, Member } from '../callers.ts';
import {
  type Fields,
  bodyOf,
  boundedInteger,
  isFields,
  optionalFlag,
  optionalText,
  queryOf,
  requiredId,
} from '../requestFields.ts';
import { type AddRoute, allVersions } from '../routes.ts';
import type { Workspace } from '../workspace.ts';
import type { Job } from './job.ts';
import { readJobSettings } from './jobSettings.ts';
import { pageOf } from './paging.ts';
import { creationLimit } from './jobLimits.ts';

/** Jobs: create, reset, update, list, get, delete. */
export function addJobRoutes(on: AddRoute, workspace: Workspace, callers: Callers): void {
  const jobs = jobsOf(workspace);
  const countCreation = creationLimit(workspace.clock);
  const add = (method: string, path: string, handle: (request: ApiRequest, caller: Member) => ApiReply): void => {
    for (const full of allVersions(path)) on(method, full, handle);
  };
  add('POST', 'jobs/create', (request, caller) => {
    const settings = readJobSettings(bodyOf(request), tasksMost(request));
    const runAs = readRunAs(settings, callers) ?? caller.applicationId;
    countCreation();
    const createdMs = workspace.clock.now();
    const job: Job = { jobId: workspace.nextId(), creator: caller.applicationId, runAs, createdMs, settings };
    jobs.set(job.jobId, job);
    return { body: { job_id: BigInt(job.jobId) } };
  });
  add('POST', 'jobs/reset', (request) => {
    const body = bodyOf(request);
    const job = requireJob(jobs, requiredId(body, 'job_id'));
    const given = body['new_settings'];
    if (!isFields(given)) throw invalidParameter('Missing required field: new_settings');
    return change(jobs, job, given, callers, request);
  });
  add('POST', 'jobs/update', (request) => update(jobs, callers, request));
  const isUnseen = ({ createdMs }: Job): boolean => workspace.scenarios.hides('job', createdMs, workspace.clock.now());
  add('GET', 'jobs/list', (request) =>
    list(
      jobs.values().filter((job) => !isUnseen(job)),
      request,
    ),
  );
  add('GET', 'jobs/get', (request) => {
    const job = requireJob(jobs, requiredId(queryOf(request), 'job_id'));
    if (isUnseen(job)) throw noJob(job.jobId);
    return get(job, request);
  });
  add('POST', 'jobs/delete', (request) => {
    jobs.delete(requireJob(jobs, requiredId(bodyOf(request), 'job_id')).jobId);
    return { body: {} };
  });
}

export const jobsOf = (workspace: Workspace): Collection<Job> => workspace.store.collection('jobs');

/** The job; when there is none, 400 as Databricks answers here instead of 404 (sdk-go, error_overrides.go). */
export function requireJob(jobs: Collection<Job>, jobId: string): Job {
  const job = jobs.get(jobId);
  if (!job) throw noJob(jobId);
  return job;
}

const noJob = (jobId: string): Error => invalidParameter(`Job ${jobId} does not exist.`);

const isNewest = (request: ApiRequest): boolean => request.path.startsWith('/api/2.2/');
const tasksMost = (request: ApiRequest): number => (isNewest(request) ? 1000 : 100);

function readRunAs(settings: Fields, callers: Callers): string | undefined {
  const runAs = settings['run_as'];
  if (runAs === undefined) return undefined;
  const name = isFields(runAs) ? optionalText(runAs, 'service_principal_name') : undefined;
  if (name === undefined) throw invalidParameter('run_as must name a service_principal_name.');
  const member = callers.byApplication(name);
  if (!member) throw invalidParameter(`Service principal ${name} does not exist in this workspace.`);
  return member.applicationId;
}

// An omitted run_as is kept, although everything else is replaced (cli:libs/testserver).
function change(jobs: Collection<Job>, job: Job, settings: Fields, callers: Callers, request: ApiRequest): ApiReply {
  const checked = readJobSettings(settings, tasksMost(request));
  jobs.set(job.jobId, { ...job, settings: checked, runAs: readRunAs(checked, callers) ?? job.runAs });
  return { body: {} };
}

function update(jobs: Collection<Job>, callers: Callers, request: ApiRequest): ApiReply {
  const body = bodyOf(request);
  const job = requireJob(jobs, requiredId(body, 'job_id'));
  const given = body['new_settings'] ?? {};
  const removed = body['fields_to_remove'] ?? [];
  if (!isFields(given) || !Array.isArray(removed))
    throw invalidParameter('new_settings and fields_to_remove are malformed.');
  const before: Fields = job.settings;
  const merged: Fields = { ...before, ...given };
  // Tasks and job clusters are merged by their keys; other fields are replaced.
  merged['tasks'] = mergeByKey(before['tasks'], given['tasks'], 'task_key');
  merged['job_clusters'] = mergeByKey(before['job_clusters'], given['job_clusters'], 'job_cluster_key');
  for (const path of removed.map(String)) {
    const [field = '', key] = path.split('/', 2);
    const items = merged[field];
    if (key === undefined) delete merged[field];
    else if (Array.isArray(items)) {
      merged[field] = items.filter((item: Fields) => item['task_key'] !== key && item['job_cluster_key'] !== key);
    }
  }
  if (merged['job_clusters'] === undefined) delete merged['job_clusters'];
  return change(jobs, job, merged, callers, request);
}

function mergeByKey(before: unknown, given: unknown, key: string): unknown {
  if (!Array.isArray(given) || !Array.isArray(before)) return given ?? before;
  const merged = new Map([...(before as Fields[]), ...(given as Fields[])].map((item) => [item[key], item]));
  return [...merged.values()];
}

function list(all: Job[], request: ApiRequest): ApiReply {
  const query = queryOf(request);
  const limit = boundedInteger(query, 'limit', { least: 1, most: 100, fallback: 20 });
  const offset = boundedInteger(query, 'offset', { least: 0, most: 1e6, fallback: 0 });
  const name = optionalText(query, 'name')?.toLowerCase();
  const found = all.filter((job) => name === undefined || job.settings.name.toLowerCase() === name).toReversed();
  const page = pageOf(found, limit, optionalText(query, 'page_token'), offset);
  const expand = optionalFlag(query, 'expand_tasks');
  const jobs = page.items.map((job) => {
    const { tasks: _tasks, job_clusters: _clusters, ...short } = job.settings;
    return { ...view(job), settings: expand ? job.settings : short };
  });
  return {
    body: {
      ...(jobs.length > 0 && { jobs }),
      has_more: page.nextPageToken !== undefined,
      ...(page.nextPageToken && { next_page_token: page.nextPageToken }),
    },
  };
}

function get(job: Job, request: ApiRequest): ApiReply {
  // Version 2.2 gives long lists in pages of 100.
  const token = optionalText(queryOf(request), 'page_token');
  const page = pageOf(job.settings.tasks, isNewest(request) ? 100 : 1000, token);
  return {
    body: {
      ...view(job),
      run_as_user_name: job.runAs,
      settings: { ...job.settings, tasks: page.items },
      ...(page.nextPageToken && { has_more: true, next_page_token: page.nextPageToken }),
    },
  };
}

const view = (job: Job): Fields => ({
  job_id: BigInt(job.jobId),
  creator_user_name: job.creator,
  created_time: job.createdMs,
});
