import { ApiError } from '../apiError.ts';
import type { UnityModels } from '../mlflow/unityModels.ts';
import type { StoredFiles } from '../storage/storedFiles.ts';
import type { CatalogTree } from './catalogTree.ts';

/** What lies in a schema: its tables, and the models and volumes that are kept elsewhere under its name. */
export class SchemaContents {
  readonly #tree: CatalogTree;
  readonly #models: UnityModels;
  readonly #storage: StoredFiles;

  constructor(tree: CatalogTree, models: UnityModels, storage: StoredFiles) {
    this.#tree = tree;
    this.#models = models;
    this.#storage = storage;
  }

  /** Full names of the models, sorted. */
  models(catalog: string, schema: string): string[] {
    const start = `${catalog}.${schema}.`.toLowerCase();
    const names = this.#models.all().map(({ name }) => name);
    return names.filter((name) => name.startsWith(start)).toSorted();
  }

  volumes(catalog: string, schema: string): string[] {
    return this.#storage.list(volumesFolder(catalog, schema)).map(({ name }) => name);
  }

  /** 400 for a schema in which something lies. */
  requireEmpty(catalog: string, schema: string): void {
    const tables = this.#tree.tableNames(catalog, schema).length;
    const models = this.models(catalog, schema).length;
    const volumes = this.volumes(catalog, schema).length;
    if (tables + models + volumes === 0) return;
    // Models count as functions, and the words are these: databricks/terraform-provider-databricks issues 3659 and 4046.
    const counts = `${tables} tables(s), ${models} functions(s), ${volumes} volumes(s)`;
    throw new ApiError(400, 'INVALID_STATE', `Schema '${catalog}.${schema}' is not empty. The schema has ${counts}`);
  }

  /** Deletes the schema with all that lies in it. */
  drop(catalog: string, schema: string): void {
    this.#tree.dropSchema(catalog, schema);
    for (const model of this.models(catalog, schema)) this.#models.delete(model);
    this.#storage.remove(volumesFolder(catalog, schema));
  }
}

const volumesFolder = (catalog: string, schema: string): string =>
  `Volumes/${catalog.toLowerCase()}/${schema.toLowerCase()}`;
