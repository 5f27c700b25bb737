import { randomBytes, randomInt } from 'node:crypto';
import type { Collection } from '../../kit/store.ts';
import { doesNotExist, invalidParameter } from '../apiError.ts';
import type { Workspace } from '../workspace.ts';
import type { DatasetInput, Int64, MetricEntry, MetricPoint, MetricSummary, MlflowRun, Pair } from './entities.ts';
import { valueOf, withPairs } from './entities.ts';
import type { Experiments } from './experiments.ts';
import { MetricHistory } from './metricHistory.ts';

/** What one request logs to a run. */
export interface Batch {
  metrics: MetricEntry[];
  params: Pair[];
  tags: Pair[];
}

export interface RunRequest {
  experimentId: string;
  userId: string;
  name?: string;
  startMs?: Int64;
  tags: Pair[];
}

/** The runs of a workspace's experiments; one is deleted with its experiment, too. */
export class Runs {
  readonly #workspace: Workspace;
  readonly #experiments: Experiments;
  readonly #runs: Collection<MlflowRun>;
  readonly #history: MetricHistory;

  constructor(workspace: Workspace, experiments: Experiments) {
    this.#workspace = workspace;
    this.#experiments = experiments;
    this.#runs = workspace.store.collection('mlflowRuns');
    this.#history = new MetricHistory(workspace);
  }

  find(runId: string): MlflowRun | undefined {
    return this.#runs.get(runId);
  }

  get(runId: string): MlflowRun {
    const run = this.find(runId);
    if (!run) throw doesNotExist(`Run '${runId}' not found.`);
    return run;
  }

  of(experimentId: string): MlflowRun[] {
    return this.#runs.values().filter((run) => run.experimentId === experimentId);
  }

  isDeleted(run: MlflowRun): boolean {
    return run.deleted || this.#experiments.find(run.experimentId)?.deleted !== false;
  }

  artifactUri(run: MlflowRun): string {
    return `${this.#experiments.get(run.experimentId).artifactLocation}/${run.runId}/artifacts`;
  }

  create({ experimentId, userId, name, startMs, tags }: RunRequest): MlflowRun {
    this.#experiments.active(experimentId);
    const named = name ?? valueOf(tags, nameTag) ?? randomName();
    const own = [{ key: nameTag, value: named }, ...(valueOf(tags, userTag) ? [] : [{ key: userTag, value: userId }])];
    return this.#put({
      runId: randomBytes(16).toString('hex'),
      experimentId,
      name: named,
      userId,
      status: 'RUNNING',
      startMs: startMs ?? this.#workspace.clock.now(),
      deleted: false,
      tags: withPairs(tags, own),
      params: [],
      metrics: [],
      datasets: [],
    });
  }

  update(runId: string, changes: Partial<Pick<MlflowRun, 'status' | 'endMs' | 'name'>>): MlflowRun {
    const run = this.active(runId);
    const tags = changes.name ? withPairs(run.tags, [{ key: nameTag, value: changes.name }]) : run.tags;
    return this.#put({ ...run, ...changes, tags });
  }

  /** The run; 400 when it or its experiment has been deleted. */
  active(runId: string): MlflowRun {
    const run = this.get(runId);
    if (!this.isDeleted(run)) return run;
    throw invalidParameter(`The run ${runId} must be in the 'active' state. Current state is deleted.`);
  }

  setDeleted(runId: string, deleted: boolean): void {
    this.#put({ ...this.get(runId), deleted });
  }

  /** Logs all of a batch or, when a param would change, nothing. */
  log(runId: string, { metrics, params, tags }: Batch): void {
    const run = this.active(runId);
    refuseChanges(run, params);
    const name = valueOf(tags, nameTag) ?? run.name;
    const merged = { tags: withPairs(run.tags, tags), params: withPairs(run.params, params) };
    this.#put({ ...run, ...merged, name, metrics: this.#appended(run, metrics) });
  }

  removeTag(runId: string, key: string): void {
    const run = this.active(runId);
    if (valueOf(run.tags, key) === undefined) throw doesNotExist(`No tag with name: ${key} in run with id ${runId}`);
    this.#put({ ...run, tags: run.tags.filter((tag) => tag.key !== key) });
  }

  addDatasets(runId: string, datasets: DatasetInput[]): void {
    const run = this.active(runId);
    const keyOf = ({ dataset }: DatasetInput): string => JSON.stringify([dataset['name'], dataset['digest']]);
    const merged = new Map([...run.datasets, ...datasets].map((input) => [keyOf(input), input]));
    this.#put({ ...run, datasets: [...merged.values()] });
  }

  /** All points of a metric in the order of logging; empty when there is none. */
  history(run: MlflowRun, metric: string): MetricPoint[] {
    const count = run.metrics.find(({ key }) => key === metric)?.count ?? 0;
    return this.#history.read(run.runId, metric, count);
  }

  #appended(run: MlflowRun, entries: MetricEntry[]): MetricSummary[] {
    const summaries = new Map(run.metrics.map((summary) => [summary.key, summary]));
    const byKey = Map.groupBy(entries, ({ key }) => key);
    for (const [key, given] of byKey) {
      const points = given.map(({ value, timestamp, step }) => ({ value, timestamp, step }));
      const before = summaries.get(key);
      const count = before?.count ?? 0;
      this.#history.append(run.runId, key, count, points);
      const latest = [...(before ? [before.latest] : []), ...points].reduce((a, b) => (isLater(b, a) ? b : a));
      summaries.set(key, { key, latest, count: count + points.length });
    }
    return [...summaries.values()];
  }

  #put(run: MlflowRun): MlflowRun {
    this.#runs.set(run.runId, run);
    return run;
  }
}

const nameTag = 'mlflow.runName';
const userTag = 'mlflow.user';

/** A metric's value is that of the highest step, then time, then value. */
function isLater(a: MetricPoint, b: MetricPoint): boolean {
  if (a.step !== b.step) return a.step > b.step;
  if (a.timestamp !== b.timestamp) return a.timestamp > b.timestamp;
  return Number(a.value) >= Number(b.value);
}

function refuseChanges(run: MlflowRun, params: Pair[]): void {
  const known = new Map(run.params.map(({ key, value }) => [key, value]));
  const changed: string[] = [];
  for (const { key, value } of params) {
    const old = known.get(key) ?? value;
    if (old !== value) changed.push(`{'key': '${key}', 'old_value': '${old}', 'new_value': '${value}'}`);
    known.set(key, value);
  }
  if (changed.length === 0) return;
  const list = `[${changed.join(', ')}]`;
  throw invalidParameter(
    `Changing param values is not allowed. Params were already logged='${list}' for run ID='${run.runId}'.`,
  );
}

const adjectives = ['bold', 'calm', 'dashing', 'fair', 'gentle', 'keen', 'lively', 'merry', 'proud', 'witty'];
const nouns = ['ant', 'crane', 'dolphin', 'elk', 'fox', 'hawk', 'lark', 'otter', 'seal', 'wren'];

function randomName(): string {
  const pick = (words: string[]): string => words[randomInt(words.length)] ?? '';
  return `${pick(adjectives)}-${pick(nouns)}-${randomInt(1000)}`;
}
