import type { ApiReply, ApiRequest } from '../../kit/router.ts';
import { invalidParameter, missingField } from '../apiError.ts';
import { pageOf } from '../jobs/paging.ts';
import {
  type Fields,
  bodyOf,
  boundedInteger,
  isFields,
  optionalText,
  queryOf,
  requiredText,
} from '../requestFields.ts';
import type { AddRoute } from '../routes.ts';
import { type MlflowRun, type RunStatus, runStatuses, valueOf, withPairs } from './entities.ts';
import * as read from './entityFields.ts';
import { limits } from './entityFields.ts';
import { lifecycleFilter, runIdOf } from './experimentRoutes.ts';
import type { Experiments } from './experiments.ts';
import type { Runs } from './runs.ts';
import { searchRuns } from './searchRuns.ts';

const root = '/api/2.0/mlflow/runs';

/** Runs of MLflow tracking: create, read, search, change, delete, and the history of their metrics. */
export function addRunRoutes(on: AddRoute, experiments: Experiments, runs: Runs): void {
  on('POST', `${root}/create`, (request, caller) => {
    const body = bodyOf(request);
    const [name, startMs] = [optionalText(body, 'run_name'), read.readInt64(body, 'start_time')];
    const run = runs.create({
      experimentId: requiredText(body, 'experiment_id'),
      // What the client says of its user is that of its machine, and kept as the tag mlflow.user.
      userId: caller.applicationId,
      ...(name && { name }),
      ...(startMs !== undefined && { startMs }),
      tags: read.readPairs(body, 'tags', limits.tagValue),
    });
    return { body: { run: runView(run, runs) } };
  });
  on('GET', `${root}/get`, (request) => ({ body: { run: runView(runs.get(runIdOf(queryOf(request))), runs) } }));
  on('POST', `${root}/update`, (request) => {
    const body = bodyOf(request);
    const [status, endMs, name] = [readStatus(body), read.readInt64(body, 'end_time'), optionalText(body, 'run_name')];
    const changes = { ...(status && { status }), ...(endMs !== undefined && { endMs }), ...(name && { name }) };
    return { body: { run_info: infoView(runs.update(runIdOf(body), changes), runs) } };
  });
  on('POST', `${root}/delete`, (request) => remove(runs, runIdOf(bodyOf(request)), true));
  on('POST', `${root}/restore`, (request) => remove(runs, runIdOf(bodyOf(request)), false));
  on('POST', `${root}/search`, (request) => search(experiments, runs, bodyOf(request)));
  on('GET', '/api/2.0/mlflow/metrics/get-history', (request) => history(runs, queryOf(request)));
  addLogging(on, runs);
}

function addLogging(on: AddRoute, runs: Runs): void {
  const log = (path: string, apply: (runId: string, body: Fields, request: ApiRequest) => void): void =>
    on('POST', `${root}/${path}`, (request) => {
      const body = bodyOf(request);
      apply(runIdOf(body), body, request);
      return { body: {} };
    });
  const nothing = { metrics: [], params: [], tags: [] };
  log('log-metric', (id, body) => runs.log(id, { ...nothing, metrics: [read.readMetric(body)] }));
  log('log-parameter', (id, body) => {
    const param = { key: read.readKey(body, 'key'), value: read.readValue(body, 'value', limits.paramValue) };
    runs.log(id, { ...nothing, params: [param] });
  });
  log('set-tag', (id, body) => {
    const tag = { key: read.readKey(body, 'key'), value: read.readValue(body, 'value', limits.tagValue) };
    runs.log(id, { ...nothing, tags: [tag] });
  });
  log('delete-tag', (id, body) => runs.removeTag(id, requiredText(body, 'key')));
  log('log-batch', (id, body, { bytes }) => logBatch(runs, id, body, bytes.length));
  log('log-model', (id, body) => logModel(runs, id, requiredText(body, 'model_json')));
  log('log-inputs', (id, body) => runs.addDatasets(id, read.readDatasets(body)));
}

function logBatch(runs: Runs, runId: string, body: Fields, size: number): void {
  if (size > limits.batchBytes) {
    throw invalidParameter(
      `Batched logging API requests must be at most ${limits.batchBytes} bytes, got a request of size ${size}.`,
    );
  }
  const [metrics, params, tags] = ['metrics', 'params', 'tags'].map((name) => read.listOf(body, name).length);
  const check = (what: string, most: number, given = 0): void => {
    if (given > most) throw read.tooMany(what, most, given);
  };
  check('metrics', limits.metricsPerBatch, metrics);
  check('params', limits.paramsPerBatch, params);
  check('tags', limits.tagsPerBatch, tags);
  check('metrics, params, and tags', limits.entitiesPerBatch, (metrics ?? 0) + (params ?? 0) + (tags ?? 0));
  runs.log(runId, {
    metrics: read.listOf(body, 'metrics').map((metric, i) => read.readMetric(metric, `metrics[${i}].`)),
    params: read.readPairs(body, 'params', limits.paramValue),
    tags: read.readPairs(body, 'tags', limits.tagValue),
  });
}

const modelsTag = 'mlflow.log-model.history';

/** Keeps the record of a logged model where MLflow's own stores do, in a tag. */
function logModel(runs: Runs, runId: string, text: string): void {
  const model: unknown = JSON.parse(text);
  if (!isFields(model)) throw invalidParameter('model_json must be a JSON object.');
  for (const name of ['artifact_path', 'utc_time_created', 'flavors', 'run_id']) {
    if (model[name] === undefined) throw missingField(`model_json.${name}`);
  }
  const { tags } = runs.active(runId);
  const before = JSON.parse(valueOf(tags, modelsTag) ?? '[]') as unknown[];
  const tag = { key: modelsTag, value: JSON.stringify([...before, model]) };
  runs.log(runId, { metrics: [], params: [], tags: withPairs([], [tag]) });
}

function remove(runs: Runs, runId: string, deleted: boolean): ApiReply {
  runs.setDeleted(runId, deleted);
  return { body: {} };
}

function readStatus(body: Fields): RunStatus | undefined {
  const given = optionalText(body, 'status');
  const status = runStatuses.find((known) => known === given);
  if (given && !status) throw invalidParameter(`Invalid value ${given} for parameter 'status' supplied.`);
  return status;
}

function search(experiments: Experiments, runs: Runs, body: Fields): ApiReply {
  const limit = boundedInteger(body, 'max_results', { least: 1, most: 50_000, fallback: 1000 });
  const wanted = lifecycleFilter(body, 'run_view_type');
  const ids = new Set(read.textsOf(body, 'experiment_ids'));
  // An experiment that is not there is refused, so that a mistyped id does not look like one without runs.
  for (const id of ids) experiments.get(id);
  const candidates = [...ids].flatMap((id) => runs.of(id)).filter((run) => wanted(runs.isDeleted(run)));
  const filter = optionalText(body, 'filter');
  const found = searchRuns(candidates, { orderBy: read.textsOf(body, 'order_by'), ...(filter && { filter }) }, runs);
  const page = pageOf(found, limit, optionalText(body, 'page_token'));
  return {
    body: {
      ...(page.items.length > 0 && { runs: page.items.map((run) => runView(run, runs)) }),
      ...(page.nextPageToken && { next_page_token: page.nextPageToken }),
    },
  };
}

function history(runs: Runs, query: Fields): ApiReply {
  const run = runs.get(runIdOf(query));
  const key = requiredText(query, 'metric_key');
  const limit = boundedInteger(query, 'max_results', { least: 1, most: 25_000, fallback: 25_000 });
  const page = pageOf(runs.history(run, key), limit, optionalText(query, 'page_token'));
  return {
    body: {
      ...(page.items.length > 0 && { metrics: page.items.map((point) => ({ key, ...point })) }),
      ...(page.nextPageToken && { next_page_token: page.nextPageToken }),
    },
  };
}

function infoView(run: MlflowRun, runs: Runs): Fields {
  return {
    run_id: run.runId,
    run_uuid: run.runId,
    run_name: run.name,
    experiment_id: run.experimentId,
    user_id: run.userId,
    status: run.status,
    start_time: run.startMs,
    ...(run.endMs !== undefined && { end_time: run.endMs }),
    artifact_uri: runs.artifactUri(run),
    lifecycle_stage: runs.isDeleted(run) ? 'deleted' : 'active',
  };
}

function runView(run: MlflowRun, runs: Runs): Fields {
  const { tags, params, datasets } = run;
  return {
    info: infoView(run, runs),
    data: {
      ...(run.metrics.length > 0 && { metrics: run.metrics.map(({ key, latest }) => ({ key, ...latest })) }),
      ...(params.length > 0 && { params }),
      ...(tags.length > 0 && { tags }),
    },
    ...(datasets.length > 0 && { inputs: { dataset_inputs: datasets } }),
  };
}
