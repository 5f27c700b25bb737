import type { ApiReply, Router } from '../../kit/router.ts';
import { type Html, html } from '../pages/html.ts';
import { page } from '../pages/page.ts';
import { encodedPath, moment, table } from '../pages/parts.ts';
import type { CatalogTree, FoundTable, ListedTable } from './catalogTree.ts';
import { columnType } from './columns.ts';
import { changedRows, shownParameters } from './commitWords.ts';
import type { DeltaTable } from './deltaLog.ts';
import type { SchemaContents } from './schemaContents.ts';

const explore = '/explore/data';

/** Pages of what Unity Catalog has: catalogs, their schemas, a schema's tables and models, a table's columns and history. */
export function addTablePages(router: Router, tree: CatalogTree, contents: SchemaContents): void {
  const nameIn = (params: Record<string, string>, level: string): string => params[level]?.toLowerCase() ?? '';
  router.on('GET', explore, () => catalogsPage(tree));
  router.on('GET', `${explore}/{catalog}`, ({ params }) => catalogPage(tree, nameIn(params, 'catalog')));
  router.on('GET', `${explore}/{catalog}/{schema}`, ({ params }) =>
    schemaPage(tree, contents, nameIn(params, 'catalog'), nameIn(params, 'schema')),
  );
  router.on('GET', `${explore}/{catalog}/{schema}/{table}`, ({ params }) =>
    tablePage(tree.table(nameIn(params, 'catalog'), nameIn(params, 'schema'), nameIn(params, 'table'))),
  );
}

function catalogsPage(tree: CatalogTree): ApiReply {
  const sections = tree.catalogs().map(
    ({ name, comment }) =>
      html`<h2>${linkTo(name)}</h2>
        <p>${comment}</p>
        ${schemaTable(tree, name)}`,
  );
  return page('Catalogs', html`${sections}`);
}

function catalogPage(tree: CatalogTree, catalog: string): ApiReply {
  const { comment } = tree.catalog(catalog);
  return page(
    catalog,
    html`${wayTo()}
      <p>${comment}</p>
      ${schemaTable(tree, catalog)}`,
  );
}

const schemaTable = (tree: CatalogTree, catalog: string): Html =>
  table(
    ['Schema', 'Comment'],
    tree.schemas(catalog).map(({ name, comment }) => [linkTo(catalog, name), comment]),
  );

function schemaPage(tree: CatalogTree, contents: SchemaContents, catalog: string, schema: string): ApiReply {
  const { comment } = tree.schema(catalog, schema);
  const tables = tree.tables(catalog, schema, tree.tableNames(catalog, schema));
  const models = contents.models(catalog, schema).map((model) => [linkTo('models', ...model.split('.'))]);
  return page(
    `${catalog}.${schema}`,
    html`${wayTo(catalog)}
      <p>${comment}</p>
      ${section('Tables', table(['Table', 'Comment', 'Rows', 'Last change'], tables.map(tableRow)), tables.length)}
      ${section('Models', table(['Model'], models), models.length)}`,
  );
}

function tableRow({ catalog, schema, name, table: described }: ListedTable): (string | number | Html | undefined)[] {
  return [
    linkTo(catalog, schema, name),
    described?.comment,
    described?.rows?.toLocaleString('en'),
    moment(described?.commits.at(-1)?.atMs),
  ];
}

function tablePage({ catalog, schema, name, folder, table: described }: FoundTable): ApiReply {
  const { comment, files, bytes, rows } = described;
  const [count, size] = [files, bytes].map((number) => number.toLocaleString('en'));
  return page(
    `${catalog}.${schema}.${name}`,
    html`${wayTo(catalog, schema)}
      <p>${comment}</p>
      <p>
        ${rows === undefined ? undefined : `${rows.toLocaleString('en')} rows in `}${count} Delta
        ${files === 1 ? 'file' : 'files'} of ${size} bytes, in <code>${folder}</code>
      </p>
      ${columnSection(described)} ${propertySections(described)} ${historySection(described)}`,
  );
}

function columnSection({ schema, partitionColumns }: DeltaTable): Html | undefined {
  const rows = schema.map((field) => [
    field.name,
    html`<code>${breakable(columnType(field))}${field.nullable ? '' : ' NOT NULL'}</code>`,
    partitionColumns.includes(field.name) ? 'partition' : undefined,
    field.metadata.comment,
  ]);
  return section('Columns', table(['Column', 'Type', '', 'Comment'], rows), rows.length);
}

/** A type that may be long, with places at which its line may end. */
const breakable = (type: string): Html[] => type.split(/(?<=[<,:])/).map((part) => html`${part}<wbr />`);

const constraintPrefix = 'delta.constraints.';

function propertySections({ properties }: DeltaTable): Html {
  const all = Object.entries(properties).toSorted(([one], [other]) => one.localeCompare(other));
  const constraints = all
    .filter(([name]) => name.startsWith(constraintPrefix))
    .map(([name, condition]) => [name.slice(constraintPrefix.length), html`<code>CHECK (${condition})</code>`]);
  const others = all.filter(([name]) => !name.startsWith(constraintPrefix));
  return html`${section('Constraints', table(['Constraint', 'Condition'], constraints), constraints.length)}
  ${section('Properties', table(['Property', 'Value'], others), others.length)}`;
}

function historySection({ commits }: DeltaTable): Html | undefined {
  const rows = commits
    .toReversed()
    .map((commit) => [
      commit.version,
      moment(commit.atMs),
      commit.operation,
      changedRows(commit),
      shownParameters(commit),
    ]);
  return section('History', table(['Version', 'Time', 'Operation', 'Rows', 'Parameters'], rows), rows.length);
}

/** A heading with its content; nothing when there are no rows. */
const section = (title: string, content: Html, rows: number): Html | undefined =>
  rows === 0
    ? undefined
    : html`<h2>${title}</h2>
        ${content}`;

const linkTo = (...names: string[]): Html =>
  html`<a href="${explore}/${encodedPath(names.join('/'))}">${names.at(-1)}</a>`;

/** Links to what is above a page. */
const wayTo = (...names: string[]): Html =>
  html`<p>
    <a href="${explore}">Catalogs</a>${names.map((_, level) => html` / ${linkTo(...names.slice(0, level + 1))}`)}
  </p>`;
