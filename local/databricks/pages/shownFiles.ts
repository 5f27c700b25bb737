import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiReply } from '../../kit/router.ts';
import { doesNotExist } from '../apiError.ts';
import type { ShownTable } from '../notebooks/notebookRecord.ts';
import { html } from './html.ts';
import type { ShownFiles } from './notebookView.ts';

const shown = /^(?:run-\d+\/)*(?:display-\d+\.(png|html|json)|output\.(log))$/;

const types: Record<string, Record<string, string>> = {
  png: { 'content-type': 'image/png' },
  json: { 'content-type': 'application/json' },
  log: { 'content-type': 'text/plain; charset=utf-8' },
  // Foreign HTML may look as it likes; it runs nothing and loads nothing.
  html: {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy':
      "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'",
  },
};

/** A file that a task's notebook has shown, or its log; 404 for any other. */
export function shownFile(logs: string, taskRunId: string, file: string): ApiReply {
  const [, kind = '', log = ''] = shown.exec(file) ?? [];
  const path = join(logs, taskRunId, file);
  const headers = types[kind || log];
  if (!headers || !/^\d+$/.test(taskRunId) || !existsSync(path)) throw doesNotExist(`There is no file ${file} shown.`);
  return { headers: { 'x-content-type-options': 'nosniff', ...headers }, body: readFileSync(path) };
}

// More rows make a page that is reloaded while its notebook runs too heavy.
const rowsOnPage = 1000;

/** The files by their addresses on the workspace, for its pages. */
export function linkedFiles(folder: string, address: string): ShownFiles {
  return {
    folder,
    picture: (file) => `${address}/${file}`,
    frame: (file) => html`<iframe sandbox title="Shown HTML: ${file}" src="${address}/${file}"></iframe>`,
    table: (file) => readTable(folder, file),
    wholeTable: (file) => `${address}/${file}`,
    mostRows: rowsOnPage,
    below: (name) => linkedFiles(join(folder, name), `${address}/${name}`),
  };
}

/** The files themselves, for a document that stands alone. */
export function embeddedFiles(folder: string): ShownFiles {
  return {
    folder,
    picture: (file) => `data:image/png;base64,${readFileSync(join(folder, file)).toString('base64')}`,
    frame: (file) =>
      html`<iframe sandbox title="Shown HTML: ${file}" srcdoc="${readFileSync(join(folder, file), 'utf8')}"></iframe>`,
    table: (file) => readTable(folder, file),
    mostRows: Infinity,
    below: (name) => embeddedFiles(join(folder, name)),
  };
}

const readTable = (folder: string, file: string): ShownTable =>
  JSON.parse(readFileSync(join(folder, file), 'utf8')) as ShownTable;
