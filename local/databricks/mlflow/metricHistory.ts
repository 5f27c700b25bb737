import type { Collection } from '../../kit/store.ts';
import type { Workspace } from '../workspace.ts';
import type { MetricPoint } from './entities.ts';

// Points of one document: the cost of logging one more stays the same however long the curve is.
const chunkLength = 500;

/** Every point of every metric, in the order in which they were logged. */
export class MetricHistory {
  readonly #chunks: Collection<MetricPoint[]>;

  constructor({ store }: Pick<Workspace, 'store'>) {
    this.#chunks = store.collection('mlflowMetricPoints');
  }

  /** Adds points behind the `count` that are there. */
  append(runId: string, metric: string, count: number, points: MetricPoint[]): void {
    let at = count;
    for (let rest = points; rest.length > 0;) {
      const key = keyOf(runId, metric, at);
      // What lies beyond the count was written by a request that did not get to its end.
      const begun = (this.#chunks.get(key) ?? []).slice(0, at % chunkLength);
      const fitting = rest.slice(0, chunkLength - begun.length);
      this.#chunks.set(key, [...begun, ...fitting]);
      at += fitting.length;
      rest = rest.slice(fitting.length);
    }
  }

  read(runId: string, metric: string, count: number): MetricPoint[] {
    const chunks = Array.from({ length: Math.ceil(count / chunkLength) }, (_, i) => i * chunkLength);
    return chunks.flatMap((at) => this.#chunks.get(keyOf(runId, metric, at)) ?? []).slice(0, count);
  }
}

const keyOf = (runId: string, metric: string, at: number): string =>
  `${runId} ${Math.floor(at / chunkLength)} ${metric}`;
