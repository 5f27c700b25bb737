import { type RecordedCell, type CellOutput, type ShownTable, readCells } from '../notebooks/notebookRecord.ts';
import { type Html, html } from './html.ts';
import { markdown } from './markdown.ts';

/** Where a view finds the files that cells have shown. */
export interface ShownFiles {
  /** The log folder of the notebook. */
  folder: string;
  /** What a picture's `src` is. */
  picture(file: string): string;
  /** Foreign HTML, in a frame where it can do nothing. */
  frame(file: string): Html;
  table(file: string): ShownTable;
  /** Where all of a table is, when a view shows at most `mostRows` of it. */
  wholeTable?(file: string): string;
  mostRows: number;
  /** The files of a notebook that this one has run. */
  below(folder: string): ShownFiles;
}

interface View {
  files: ShownFiles;
  /** Whether the notebook's run is over, so that what is open will not end any more. */
  over: boolean;
  /** How many heading levels stand above the notebook. */
  depth: number;
  nowMs: number;
}

/** A notebook's cells as a person knows them from Databricks: what each says, and below it what it printed and showed. */
export function notebookView(cells: RecordedCell[], view: View): Html {
  return html`<div class="notebook">${cells.map((cell) => cellView(cell, view))}</div>`;
}

function cellView(cell: RecordedCell, view: View): Html {
  const isText = cell.magic?.startsWith('md') === true;
  const source = isText
    ? html`<div class="text">${markdown(cell.source.replace(/^%md[\w-]*/, ''), view.depth)}</div>`
    : html`<pre class="code"><code>${cell.source}</code></pre>`;
  return html`<article class="cell ${cell.state}">
    ${cell.title ? html`<p class="title">${cell.title}</p>` : undefined}${source}
    ${cell.outputs.map((output) => outputView(output, cell, view))}${failureView(cell)}
    ${isText ? undefined : html`<p class="state"><small>${stateOf(cell, view)}</small></p>`}
  </article>`;
}

function stateOf(cell: RecordedCell, { over, nowMs }: View): string {
  const { state, startMs, endMs } = cell;
  if (state === 'skipped' || startMs === undefined) return 'Not run';
  const took = `${(((endMs ?? nowMs) - startMs) / 1000).toFixed(2)} s`;
  if (state === 'open') return over ? 'Ended before it was done' : `Running for ${took}`;
  const started = new Date(startMs).toISOString();
  return `${state === 'failed' ? 'Failed after' : 'Took'} ${took}, started at ${started}`;
}

const failureView = ({ error, errorTrace }: RecordedCell): Html | undefined =>
  error === undefined ? undefined : failure(error, errorTrace);

/** An exception, where it happened. */
export const failure = (error: string, errorTrace: string | undefined): Html =>
  html`<div class="failure">
    <p role="alert"><strong>${error}</strong></p>
    ${errorTrace ? html`<pre>${errorTrace}</pre>` : undefined}
  </div>`;

function outputView(output: CellOutput, cell: RecordedCell, view: View): Html {
  const { files } = view;
  switch (output.kind) {
    case 'text':
      return html`<pre class="output" tabindex="0">${output.text}</pre>`;
    case 'png':
      return html`<figure>
        <img src="${files.picture(output.file)}" alt="Picture shown by cell ${cell.number}: ${output.file}" />
      </figure>`;
    case 'html':
      return files.frame(output.file);
    case 'table':
      return tableView(files.table(output.file), output.file, files);
    case 'cell':
      return html`<div class="below">${cellView(output.cell, view)}</div>`;
    case 'notebook':
      return childView(output.notebook, { ...view, files: files.below(output.folder) });
    default:
      return html``;
  }
}

const childView = (notebook: string, view: View): Html =>
  html`<details class="below">
    <summary>Notebook ${notebook}</summary>
    ${notebookView(readCells(view.files.folder), view)}
  </details>`;

function tableView(table: ShownTable, file: string, files: ShownFiles): Html {
  const rows = table.rows.slice(0, files.mostRows);
  const more =
    rows.length < table.rows.length && files.wholeTable
      ? html`<p>
          The first ${rows.length} rows of <a href="${files.wholeTable(file)}">all ${table.rows.length} kept ones</a>.
        </p>`
      : undefined;
  return html`<div class="scroll" tabindex="0">
      <table>
        <thead>
          <tr>
            ${table.columns.map(({ name, type }) => html`<th scope="col">${name} <small>${type}</small></th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (row) =>
              html`<tr>
                ${row.map((value) => html`<td>${value === null ? html`<i>null</i>` : value}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${more}${table.cut ? html`<p>${table.cut}</p>` : undefined}`;
}
