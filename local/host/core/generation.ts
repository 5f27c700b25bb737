import { AsyncLocalStorage } from 'node:async_hooks';

/** One host from its start to its end. */
export interface Generation {
  crashed: boolean;
}

/** Which host the present code of an app runs for, so that what one that has crashed still asks of others can be told and cut. */
export const generation = new AsyncLocalStorage<Generation>();
