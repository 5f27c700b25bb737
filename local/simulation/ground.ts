import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeAcceleratorRepository } from '../cloud/acceleratorRepository.ts';
import { MemoryNetwork } from './memoryNetwork.ts';
import { rememberedGit } from './rememberedGit.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** What all simulations of this process stand on, one after the other. */
export interface Ground {
  folder: string;
  network: MemoryNetwork;
  git: ReturnType<typeof rememberedGit>;
  /** A repository with the accelerator's notebooks and its job template. */
  repository: string;
}

let made: Promise<Ground> | undefined;

/** Makes the ground once per process; its folder goes with the process. */
export const ground = (): Promise<Ground> => (made ??= make());

async function make(): Promise<Ground> {
  // A simulation writes some dozen files, which a disk takes its time for.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'simulation-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const repository = await makeAcceleratorRepository(join(folder, 'repository'));
  return { folder, network: new MemoryNetwork(), git: rememberedGit(folder), repository };
}
