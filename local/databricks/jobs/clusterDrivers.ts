import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { StartedCluster } from '../compute.ts';
import { removeFolder } from '../removeFolder.ts';
import type { Workspace } from '../workspace.ts';
import type { Cluster } from './clusters.ts';

/** The drivers of the job clusters that are up, or come up. */
export class ClusterDrivers {
  readonly #workspace: Workspace;
  readonly #drivers = new Map<string, StartedCluster>();
  readonly #ending = new Set<Promise<void>>();

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  get(clusterId: string): StartedCluster | undefined {
    return this.#drivers.get(clusterId);
  }

  /** Starts a cluster's driver; `lost` is called when it ends without being stopped. */
  start({ clusterId, spec }: Cluster, lost: () => void): StartedCluster {
    const folder = this.#folderOf(clusterId);
    // What an earlier process may have left.
    removeFolder(folder);
    mkdirSync(folder, { recursive: true });
    const lakehouse = this.#workspace.lakehouse();
    const { compute } = this.#workspace;
    const driver = compute.startCluster({ ...lakehouse, clusterId, sparkVersion: spec.spark_version, folder });
    this.#drivers.set(clusterId, driver);
    // Looked at when the cluster's time has passed.
    driver.ready?.catch(() => undefined);
    void this.#watch(clusterId, driver, lost);
    return driver;
  }

  async #watch(clusterId: string, driver: StartedCluster, lost: () => void): Promise<void> {
    if (!driver.ended) return;
    await driver.ended;
    if (this.#drivers.get(clusterId) !== driver) return;
    lost();
    await this.stop(clusterId);
  }

  /** Ends a cluster's driver, if it has one, and removes its temporary files. */
  async stop(clusterId: string): Promise<void> {
    const driver = this.#drivers.get(clusterId);
    if (!driver) return;
    this.#drivers.delete(clusterId);
    const ended = driver.stop().finally(() => removeFolder(this.#folderOf(clusterId)));
    this.#ending.add(ended);
    await ended.finally(() => this.#ending.delete(ended));
  }

  /** Ends all drivers; settles when nothing of them is left. */
  async close(): Promise<void> {
    for (const clusterId of this.#drivers.keys()) void this.stop(clusterId);
    await Promise.all(this.#ending);
  }

  #folderOf(clusterId: string): string {
    return join(this.#workspace.folder, 'clusters', clusterId);
  }
}
