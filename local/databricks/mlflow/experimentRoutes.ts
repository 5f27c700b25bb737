import type { ApiReply, ApiRequest } from '../../kit/router.ts';
import { doesNotExist, invalidParameter, missingField } from '../apiError.ts';
import { pageOf } from '../jobs/paging.ts';
import { type Fields, bodyOf, boundedInteger, optionalText, queryOf, requiredText } from '../requestFields.ts';
import type { AddRoute } from '../routes.ts';
import { type Experiment, valueOf } from './entities.ts';
import { limits, readKey, readPairs, readValue, textsOf } from './entityFields.ts';
import type { Experiments } from './experiments.ts';
import { type SearchGrammar, parseFilter, parseOrder } from './searchFilter.ts';
import { type Operand, ordered, passes } from './searchMatch.ts';

const root = '/api/2.0/mlflow/experiments';

/** Experiments of MLflow tracking: create, read, search, change, delete. */
export function addExperimentRoutes(on: AddRoute, experiments: Experiments): void {
  on('POST', `${root}/create`, (request) => {
    const body = bodyOf(request);
    const tags = readPairs(body, 'tags', limits.experimentTagValue);
    const made = experiments.create(requiredText(body, 'name'), tags, optionalText(body, 'artifact_location'));
    return { body: { experiment_id: made.experimentId } };
  });
  on('GET', `${root}/get`, (request) => ({
    body: { experiment: experimentView(experiments.get(requiredText(queryOf(request), 'experiment_id'))) },
  }));
  on('GET', `${root}/get-by-name`, (request) => {
    const name = requiredText(queryOf(request), 'experiment_name');
    const found = experiments.byName(name);
    if (!found) throw doesNotExist(`Could not find experiment with name ${name}`);
    return { body: { experiment: experimentView(found) } };
  });
  on('POST', `${root}/search`, (request) => search(experiments, bodyOf(request)));
  on('GET', `${root}/search`, (request) => search(experiments, searchQuery(request)));
  on('GET', `${root}/list`, (request) => search(experiments, searchQuery(request)));
  addChanges(on, experiments);
}

function addChanges(on: AddRoute, experiments: Experiments): void {
  const change = (path: string, apply: (id: string, body: Fields) => void): void =>
    on('POST', `${root}/${path}`, (request) => {
      const body = bodyOf(request);
      apply(requiredText(body, 'experiment_id'), body);
      return { body: {} };
    });
  change('update', (id, body) => experiments.rename(id, requiredText(body, 'new_name')));
  change('delete', (id) => experiments.delete(id));
  change('restore', (id) => experiments.restore(id));
  change('set-experiment-tag', (id, body) =>
    experiments.setTag(id, { key: readKey(body, 'key'), value: readValue(body, 'value', limits.experimentTagValue) }),
  );
}

const grammar: SearchGrammar = {
  kinds: ['attribute', 'tag'],
  textAttributes: ['name', 'experiment_id'],
  numberAttributes: ['creation_time', 'last_update_time'],
  listAttributes: [],
};

const searchQuery = (request: ApiRequest): Fields => ({
  ...queryOf(request),
  order_by: request.query.getAll('order_by'),
});

function search(experiments: Experiments, fields: Fields): ApiReply {
  const limit = boundedInteger(fields, 'max_results', { least: 1, most: 50_000, fallback: 1000 });
  const comparisons = parseFilter(optionalText(fields, 'filter'), grammar);
  const orderings = textsOf(fields, 'order_by').map((clause) => parseOrder(clause, grammar));
  const wanted = lifecycleFilter(fields, 'view_type');
  const found = experiments
    .all()
    .filter((experiment) => wanted(experiment.deleted))
    .filter((experiment) =>
      comparisons.every((comparison) => passes(operandOf(experiment, comparison.kind, comparison.key), comparison)),
    )
    .toReversed()
    .toSorted((a, b) => b.updatedMs - a.updatedMs);
  const sorted = ordered(found, orderings, (experiment, { kind, key }) => operandOf(experiment, kind, key));
  const page = pageOf(sorted, limit, optionalText(fields, 'page_token'));
  return {
    body: {
      ...(page.items.length > 0 && { experiments: page.items.map(experimentView) }),
      ...(page.nextPageToken && { next_page_token: page.nextPageToken }),
    },
  };
}

/** Which deleted things a search wants, by `ACTIVE_ONLY` (the default), `DELETED_ONLY` or `ALL`. */
export function lifecycleFilter(fields: Fields, name: string): (deleted: boolean) => boolean {
  const view = optionalText(fields, name) ?? 'ACTIVE_ONLY';
  if (view === 'ACTIVE_ONLY') return (deleted) => !deleted;
  if (view === 'DELETED_ONLY') return (deleted) => deleted;
  if (view === 'ALL') return () => true;
  throw invalidParameter(`Invalid value ${view} for parameter '${name}' supplied.`);
}

function operandOf(experiment: Experiment, kind: string, key: string): Operand {
  if (kind === 'tag') return valueOf(experiment.tags, key);
  if (key === 'name') return experiment.name;
  if (key === 'experiment_id') return experiment.experimentId;
  return key === 'creation_time' ? experiment.createdMs : experiment.updatedMs;
}

const experimentView = (experiment: Experiment): Fields => ({
  experiment_id: experiment.experimentId,
  name: experiment.name,
  artifact_location: experiment.artifactLocation,
  lifecycle_stage: experiment.deleted ? 'deleted' : 'active',
  last_update_time: experiment.updatedMs,
  creation_time: experiment.createdMs,
  ...(experiment.tags.length > 0 && { tags: experiment.tags }),
});

/** The run's id, which old clients send as `run_uuid`. */
export function runIdOf(fields: Fields): string {
  const runId = optionalText(fields, 'run_id') ?? optionalText(fields, 'run_uuid');
  if (runId === undefined) throw missingField('run_id');
  return runId;
}
