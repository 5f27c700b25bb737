import { rmSync } from 'node:fs';

/** Removes the folder of a process that has ended; what its children still write there may stay, until it is removed again. */
export function removeFolder(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    console.error(`The temporary files in ${folder} could not be removed:`, error);
  }
}
