import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** A cell of a notebook that runs or has run. */
export interface RecordedCell {
  number: number;
  /** Path of the notebook that it stands in. */
  notebook: string;
  /** `md`, `sql`, `run` …; undefined for Python. */
  magic?: string;
  title?: string;
  source: string;
  /** `open` cells run, or did when the notebook was ended; `failed` ones have an `error` unless it lies in a cell below. */
  state: 'open' | 'done' | 'failed' | 'skipped';
  startMs?: number;
  endMs?: number;
  error?: string;
  errorTrace?: string;
  /** In the order in which they came. */
  outputs: CellOutput[];
}

export type CellOutput =
  | { kind: 'text'; text: string }
  | { kind: 'png' | 'html' | 'table'; file: string }
  /** `dbutils.notebook.run`: its own record lies in the folder. */
  | { kind: 'notebook'; notebook: string; folder: string }
  /** `%run`: a cell of the other notebook. */
  | { kind: 'cell'; cell: RecordedCell };

/** A table as `display` leaves it; `cut` says what is missing. */
export interface ShownTable {
  columns: { name: string; type: string }[];
  rows: (string | null)[][];
  cut: string | null;
}

interface Line {
  record: 'cell' | 'skipped' | 'end' | 'show' | 'child' | 'over' | 'place';
  mark: number;
  at: number;
  cell: number;
  notebook: string;
  magic: string | null;
  title: string | null;
  source: string;
  startMs: number;
  endMs: number;
  failed?: 'here' | 'below';
  error?: string;
  errorTrace?: string;
  kind: 'png' | 'html' | 'table';
  file: string;
  folder: string;
}

/** A part of the log, until its text is read. */
interface Span {
  kind: 'span';
  from: number;
  to: number;
}

/** A cell while its record is read. */
interface OpenCell extends Omit<RecordedCell, 'outputs'> {
  outputs: (Exclude<CellOutput, { kind: 'text' | 'cell' }> | Span | { kind: 'cell'; cell: OpenCell })[];
}

// "Text results return a maximum of 50,000 characters" on runtimes up to 16.4
// (https://docs.databricks.com/en/notebooks/notebook-limitations.html); what Databricks says of the rest is its own wording.
const mostText = 50_000;
const skipped = (bytes: number): string => `\n*** WARNING: skipped ${bytes} bytes of output ***\n\n`;

/** The cells that a notebook has left in its log folder so far, in order; none when it has not started. */
export function readCells(folder: string): RecordedCell[] {
  const lines = readLines(join(folder, 'cells.jsonl'));
  if (lines.length === 0) return [];
  const log = openSync(join(folder, 'output.log'), 'r');
  try {
    return arrange(lines, fstatSync(log).size, (span) => readText(log, span));
  } finally {
    closeSync(log);
  }
}

function readLines(file: string): Line[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  // What follows the last line break is a line that is still being written.
  return lines.slice(0, -1).flatMap(readLine);
}

/** Nothing for a line of which only a part could be written. */
function readLine(line: string): Line[] {
  try {
    return [JSON.parse(line) as Line];
  } catch {
    return [];
  }
}

type ReadText = (span: Span) => string;

function arrange(lines: Line[], logSize: number, read: ReadText): RecordedCell[] {
  const places = new Map(lines.filter(({ record }) => record === 'place').map(({ mark, at }) => [mark, at]));
  const top: OpenCell[] = [];
  const open: OpenCell[] = [];
  let from = 0;
  const takeText = (to: number): void => {
    // What is printed between cells, by a thread or process left running, goes below the cell before.
    const cell = open.at(-1) ?? top.at(-1);
    if (cell && to > from) cell.outputs.push({ kind: 'span', from, to });
    from = Math.max(from, to);
  };
  for (const line of lines) {
    if (line.record === 'place') continue;
    takeText(Math.min(logSize, places.get(line.mark) ?? logSize));
    if (line.record === 'over') return top.map((cell) => finish(cell, read));
    place(line, top, open);
  }
  takeText(logSize);
  return top.map((cell) => finish(cell, read));
}

function place(line: Line, top: OpenCell[], open: OpenCell[]): void {
  const current = open.at(-1);
  switch (line.record) {
    case 'cell':
    case 'skipped': {
      const cell = newCell(line);
      if (current) current.outputs.push({ kind: 'cell', cell });
      else top.push(cell);
      if (line.record === 'cell') open.push(cell);
      return;
    }
    case 'end':
      if (current) Object.assign(current, endOf(line));
      open.pop();
      return;
    case 'show':
      current?.outputs.push({ kind: line.kind, file: line.file });
      return;
    case 'child':
      current?.outputs.push({ kind: 'notebook', notebook: line.notebook, folder: line.folder });
      return;
    default:
  }
}

const newCell = ({ cell, notebook, magic, title, source, startMs, record }: Line): OpenCell => ({
  number: cell,
  notebook,
  ...(magic !== null && { magic }),
  ...(title !== null && { title }),
  source,
  state: record === 'cell' ? 'open' : 'skipped',
  ...(record === 'cell' && { startMs }),
  outputs: [],
});

const endOf = ({ endMs, failed, error, errorTrace }: Line): Partial<OpenCell> => ({
  endMs,
  state: failed ? 'failed' : 'done',
  ...(error !== undefined && { error }),
  ...(errorTrace !== undefined && { errorTrace }),
});

function finish(cell: OpenCell, read: ReadText): RecordedCell {
  const total = cell.outputs.reduce((sum, output) => sum + (output.kind === 'span' ? output.to - output.from : 0), 0);
  let before = 0;
  const outputs = cell.outputs.map((output): CellOutput => {
    if (output.kind === 'cell') return { kind: 'cell', cell: finish(output.cell, read) };
    if (output.kind !== 'span') return output;
    const text = shorten(output, before, total, read);
    before += output.to - output.from;
    return { kind: 'text', text };
  });
  return { ...cell, outputs: outputs.filter((output) => output.kind !== 'text' || output.text !== '') };
}

/** A span's text, without what lies in the middle of a cell that has printed too much. */
function shorten(span: Span, before: number, total: number, read: ReadText): string {
  if (total <= mostText) return plain(read(span));
  const gapFrom = span.from - before + mostText / 2;
  const gapTo = span.from - before + total - mostText / 2;
  const head = read({ ...span, to: Math.min(span.to, gapFrom) });
  const tail = read({ ...span, from: Math.max(span.from, gapTo) });
  const gapStartsHere = span.from <= gapFrom && gapFrom < span.to;
  return plain(head) + (gapStartsHere ? skipped(gapTo - gapFrom) : '') + plain(tail);
}

function readText(log: number, { from, to }: Span): string {
  if (to <= from) return '';
  const buffer = Buffer.alloc(to - from);
  return buffer.toString('utf8', 0, readSync(log, buffer, 0, buffer.length, from));
}

/** Without a terminal's colours, and without what a progress bar has overwritten. */
function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex -- the escape character is what is looked for
  return text.replace(/\x1b\[[\d;?]*[A-Za-z]/g, '').replace(/^[^\n]*\r(?=[^\r\n])/gm, '');
}
