import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Lakehouse } from '../compute.ts';
import { isUnityName } from './unityNames.ts';

/** The catalog that a workspace has from the start: its name, with `_` where SQL would want quotes. */
export function defaultCatalog(workspaceName: string): string {
  const name = workspaceName.toLowerCase().replaceAll(/\W/g, '_');
  // Spark's own catalog has this name in every session.
  return name === 'spark_catalog' ? 'spark_catalog_1' : name;
}

/** Makes the folders of a workspace's default catalog and schema; gives what reads which catalogs there are. */
export function openLakehouse(tablesRoot: string, workspaceName: string): () => Lakehouse {
  const first = defaultCatalog(workspaceName);
  mkdirSync(join(tablesRoot, first, 'default'), { recursive: true });
  return () => {
    const folders = readdirSync(tablesRoot, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const others = folders.map(({ name }) => name).filter((name) => name !== first && isUnityName(name));
    return { tablesRoot, catalogs: [first, ...others.toSorted()] };
  };
}
