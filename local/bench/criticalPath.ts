import type { Waits } from './waits.ts';

/** One piece of work: how long it takes, and what has to be over before it begins. */
export interface Work {
  seconds: number;
  after?: string[];
}

/** The time that the whole takes when each piece begins as soon as it can: the length of the longest chain. */
export function criticalPathSeconds(graph: Record<string, Work>): number {
  const ends = new Map<string, number>();
  const endOf = (name: string): number => {
    const known = ends.get(name);
    if (known !== undefined) return known;
    const work = graph[name];
    if (!work) throw new Error(`There is no work ${name}.`);
    const end = Math.max(0, ...(work.after ?? []).map(endOf)) + work.seconds;
    ends.set(name, end);
    return end;
  };
  return Math.max(0, ...Object.keys(graph).map(endOf));
}

/** How long a new identity is unknown to the directory. */
export const replicationSeconds = 15;

/**
 * What a new deployment waits for, in the order of its steps; all else takes no time of the cloud's. The warehouse comes
 * after the notebooks by choice, because it is paid from its start.
 */
export const workOf = (waits: Waits): Record<string, Work> => ({
  ...workUntilNotebooksEnd(waits),
  warehouse: { seconds: waits.warehouse, after: ['notebooks'] },
});

/** The same without the proof of the results, which the original does not have. */
export const workUntilNotebooksEnd = (waits: Waits): Record<string, Work> => ({
  identity: { seconds: replicationSeconds },
  workspace: { seconds: waits.workspace },
  role: { seconds: 0, after: ['identity', 'workspace'] },
  storage: { seconds: waits.storage, after: ['workspace'] },
  runme: { seconds: waits.runme, after: ['role', 'storage'] },
  notebooks: { seconds: waits.notebooks, after: ['runme'] },
});
