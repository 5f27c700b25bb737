import { dirname } from 'node:path';
import type { Collection } from '../../kit/store.ts';
import { alreadyExists, doesNotExist, invalidParameter, notEmulated } from '../apiError.ts';
import type { Workspace } from '../workspace.ts';
import { type Experiment, type Pair, valueOf, withPairs } from './entities.ts';
import { checkLength, limits } from './entityFields.ts';

/** Where the artifacts of experiments are that name no other place. */
export const trackingRoot = 'dbfs:/databricks/mlflow-tracking';

/** The experiments of a workspace; an active one's name, a workspace path, is its own. */
export class Experiments {
  readonly #workspace: Workspace;
  readonly #experiments: Collection<Experiment>;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
    this.#experiments = workspace.store.collection('mlflowExperiments');
  }

  all(): Experiment[] {
    return this.#experiments.values();
  }

  find(experimentId: string): Experiment | undefined {
    return this.#experiments.get(experimentId);
  }

  get(experimentId: string): Experiment {
    const found = this.find(experimentId);
    if (!found) throw doesNotExist(`Node ID ${experimentId} does not exist.`);
    return found;
  }

  /** The experiment; 400 when it has been deleted. */
  active(experimentId: string): Experiment {
    const found = this.get(experimentId);
    if (!found.deleted) return found;
    throw invalidParameter(`The experiment ${experimentId} must be in the 'active' state. Current state is deleted.`);
  }

  /** The active experiment of this name, otherwise the newest deleted one, as the API prefers. */
  byName(name: string): Experiment | undefined {
    const path = pathOf(name);
    const named = this.all().filter((experiment) => experiment.name === path);
    return named.find(({ deleted }) => !deleted) ?? named.at(-1);
  }

  create(name: string, tags: Pair[], artifactLocation?: string): Experiment {
    requireAbsolute(name);
    // A notebook asks for its own experiment, of its own name, by creating it each time (mlflow/tracking/default_experiment).
    const isOfNotebook = valueOf(tags, sourceId) && this.#workspace.files.find(pathOf(name))?.kind === 'NOTEBOOK';
    const known = isOfNotebook ? this.byName(name) : undefined;
    if (known && !known.deleted) return known;
    const path = isOfNotebook ? pathOf(name) : this.#freeName(name);
    const experimentId = this.#workspace.nextId();
    if (artifactLocation && !artifactLocation.startsWith(`${trackingRoot}/`)) {
      throw notEmulated(`the artifact location ${artifactLocation}`);
    }
    const now = this.#workspace.clock.now();
    const times = { createdMs: now, updatedMs: now };
    const location = artifactLocation?.replace(/\/+$/, '') ?? `${trackingRoot}/${experimentId}`;
    return this.#put({ experimentId, name: path, artifactLocation: location, deleted: false, ...times, tags });
  }

  rename(experimentId: string, name: string): void {
    const experiment = this.active(experimentId);
    if (pathOf(name) !== experiment.name) this.#change(experiment, { name: this.#freeName(name) });
  }

  delete(experimentId: string): void {
    this.#change(this.active(experimentId), { deleted: true });
  }

  restore(experimentId: string): void {
    const experiment = this.get(experimentId);
    if (!experiment.deleted) return;
    if (this.byName(experiment.name)?.deleted === false) throw taken(experiment.name);
    this.#change(experiment, { deleted: false });
  }

  setTag(experimentId: string, tag: Pair): void {
    const experiment = this.active(experimentId);
    this.#change(experiment, { tags: withPairs(experiment.tags, [tag]) });
  }

  #freeName(name: string): string {
    requireAbsolute(name);
    const { files } = this.#workspace;
    const path = files.normalise(checkLength(name, 'name', limits.experimentName));
    if (this.byName(path)?.deleted === false || files.find(path)) throw taken(path);
    if (files.find(dirname(path))?.kind !== 'DIRECTORY') {
      throw doesNotExist(`Parent directory ${dirname(path)} does not exist.`);
    }
    return path;
  }

  #change(experiment: Experiment, changes: Partial<Experiment>): void {
    this.#put({ ...experiment, ...changes, updatedMs: this.#workspace.clock.now() });
  }

  #put(experiment: Experiment): Experiment {
    this.#experiments.set(experiment.experimentId, experiment);
    return experiment;
  }
}

function requireAbsolute(name: string): void {
  if (name.startsWith('/')) return;
  throw invalidParameter(
    `Got an invalid experiment name '${name}'. An experiment name must be an absolute path within the ` +
      "Databricks workspace, e.g. '/Users/<some-username>/my-experiment'.",
  );
}

const sourceId = 'mlflow.experiment.sourceId';
const taken = (path: string): Error => alreadyExists(`Node named ${path} already exists`);
const pathOf = (name: string): string => name.replace(/^\/Workspace(?=\/)/, '').replace(/(?<=.)\/+$/, '');
