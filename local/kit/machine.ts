import { type Git, git } from './git.ts';
import { loopback, type Network } from './network.ts';
import { openStore, type Store } from './store.ts';

/** What the emulators use of the machine that they run on; a simulation brings its own. */
export interface Machine {
  network: Network;
  /** Opens (or makes) the store that is kept in a file. */
  openStore(file: string): Store;
  git: Git;
}

export const thisMachine: Machine = { network: loopback, openStore, git };
