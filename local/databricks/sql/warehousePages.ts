import type { ApiReply, Router } from '../../kit/router.ts';
import { type Html, html } from '../pages/html.ts';
import { page } from '../pages/page.ts';
import { moment, table } from '../pages/parts.ts';
import type { Workspace } from '../workspace.ts';
import { type Statement, isOver } from './statement.ts';
import type { Statements } from './statements.ts';
import type { Warehouse } from './warehouse.ts';
import type { Warehouses } from './warehouses.ts';

const shownText = 500;

/** Pages for people: the SQL warehouses, and for each its state and what was asked of it, the newest first. */
export function addWarehousePages(
  router: Router,
  workspace: Workspace,
  warehouses: Warehouses,
  statements: Statements,
): void {
  router.on('GET', '/sql/warehouses', () => listPage(warehouses.all()));
  router.on('GET', '/sql/warehouses/{id}', ({ params }) => {
    const warehouse = warehouses.require(params['id'] ?? '');
    return warehousePage(warehouse, statements.ofWarehouse(warehouse.id), workspace);
  });
}

function listPage(all: Warehouse[]): ApiReply {
  const rows = all.map(({ id, settings, state }) => [
    html`<a href="/sql/warehouses/${id}">${settings.name}</a>`,
    state,
    settings.cluster_size,
    settings.warehouse_type,
  ]);
  const passing = all.some(({ state }) => state !== 'RUNNING' && state !== 'STOPPED');
  return page('SQL warehouses', table(['Name', 'State', 'Size', 'Type'], rows), passing ? 2 : undefined);
}

function warehousePage(warehouse: Warehouse, statements: Statement[], workspace: Workspace): ApiReply {
  const { settings, state, failure } = warehouse;
  const stops = settings.auto_stop_mins === 0 ? 'never by itself' : `after ${settings.auto_stop_mins} idle minutes`;
  const changing = (state !== 'RUNNING' && state !== 'STOPPED') || statements.some((statement) => !isOver(statement));
  return page(
    settings.name,
    html`<p><strong>${state}</strong></p>
      ${
        failure && state !== 'RUNNING'
          ? html`<p role="alert">${failure.code} (${failure.type}): ${failure.message}</p>`
          : undefined
      }
      <p>${settings.cluster_size}, ${settings.warehouse_type}; stops ${stops}. Made by ${warehouse.creator}.</p>
      <h2>Statements</h2>
      ${
        statements.length === 0
          ? html`<p>There were none yet.</p>`
          : table(
              ['Statement', 'State', 'Started', 'Took', 'Rows'],
              statements.map((statement) => statementRow(statement, workspace)),
            )
      }`,
    changing ? 2 : undefined,
  );
}

function statementRow(
  { text, state, createdMs, endedMs, rowCount, failure }: Statement,
  { clock }: Workspace,
): (string | number | Html | undefined)[] {
  const shown = text.length > shownText ? `${text.slice(0, shownText)} …` : text;
  return [
    html`<pre>${shown}</pre>
      ${failure && html`<p role="alert">${failure.message}</p>`}`,
    state,
    moment(createdMs),
    `${(((endedMs ?? clock.now()) - createdMs) / 1000).toFixed(1)} s`,
    rowCount,
  ];
}
