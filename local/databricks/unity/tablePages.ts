import type { ApiReply, Router } from '../../kit/router.ts';
import { type Html, html } from '../pages/html.ts';
import { page } from '../pages/page.ts';
import type { CatalogTree, FoundTable } from './catalogTree.ts';
import { sqlType } from './columns.ts';
import type { DeltaCommit } from './deltaLog.ts';

/** Pages of what Unity Catalog has: all schemas, a schema's tables, and a table's columns, properties and history. */
export function addTablePages(router: Router, tree: CatalogTree): void {
  router.on('GET', '/explore/data', () => explorerPage(tree));
  router.on('GET', '/explore/data/{catalog}/{schema}', ({ params }) =>
    schemaPage(tree, params['catalog'] ?? '', params['schema'] ?? ''),
  );
  router.on('GET', '/explore/data/{catalog}/{schema}/{table}', ({ params }) =>
    tablePage(tree.table(params['catalog'] ?? '', params['schema'] ?? '', params['table'] ?? '')),
  );
}

function explorerPage(tree: CatalogTree): ApiReply {
  const catalogs = tree.catalogs().map(
    ({ name: catalog, comment }) =>
      html`<h2>${catalog}</h2>
        <p>${comment}</p>
        <ul>
          ${tree
            .schemas(catalog)
            .map(({ name }) => html`<li><a href="/explore/data/${catalog}/${name}">${catalog}.${name}</a></li>`)}
        </ul>`,
  );
  return page('Catalogs', html`${catalogs}`);
}

function schemaPage(tree: CatalogTree, catalog: string, schema: string): ApiReply {
  const { comment } = tree.schema(catalog, schema);
  const rows = tree.tables(catalog, schema, tree.tableNames(catalog, schema)).map(
    ({ name, table }) =>
      html`<tr>
        <td><a href="/explore/data/${catalog}/${schema}/${name}">${name}</a></td>
        <td>${table?.comment}</td>
        <td>${timeOf(table?.commits.at(-1))}</td>
      </tr>`,
  );
  return page(
    `${catalog}.${schema}`,
    html`<p>${comment}</p>
      ${tableOf(['Table', 'Comment', 'Last change'], rows)}`,
  );
}

function tablePage({ catalog, schema, name, folder, table }: FoundTable): ApiReply {
  const columns = table.schema.map(
    (field) =>
      html`<tr>
        <td>${field.name}</td>
        <td>${sqlType(field.type)}${field.nullable ? '' : ' NOT NULL'}</td>
        <td>${field.metadata.comment}</td>
      </tr>`,
  );
  const properties = Object.entries(table.properties).map(
    ([key, value]) =>
      html`<tr>
        <td>${key}</td>
        <td>${value}</td>
      </tr>`,
  );
  const history = table.commits.toReversed().map(
    (commit) =>
      html`<tr>
        <td>${commit.version}</td>
        <td>${timeOf(commit)}</td>
        <td>${commit.operation}</td>
        <td>${describe(commit.metrics)}</td>
      </tr>`,
  );
  return page(
    `${catalog}.${schema}.${name}`,
    html`<p>${table.comment}</p>
      <p>A Delta table of ${table.files} files, ${table.bytes} bytes, in <code>${folder}</code>.</p>
      <h2>Columns</h2>
      ${tableOf(['Column', 'Type', 'Comment'], columns)}
      ${
        properties.length > 0
          ? html`<h2>Properties</h2>
              ${tableOf(['Property', 'Value'], properties)}`
          : undefined
      }
      <h2>History</h2>
      ${tableOf(['Version', 'Time', 'Operation', 'Metrics'], history)}`,
  );
}

const tableOf = (heads: string[], rows: Html[]): Html =>
  html`<table>
    <thead>
      <tr>
        ${heads.map((head) => html`<th>${head}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;

const timeOf = (commit: DeltaCommit | undefined): string => (commit ? new Date(commit.atMs).toISOString() : '');

const describe = (metrics: Record<string, unknown>): string =>
  Object.entries(metrics)
    .map(([key, value]) => `${key} ${String(value)}`)
    .join(', ');
