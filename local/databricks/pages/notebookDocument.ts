import { basename } from 'node:path';
import { readCells } from '../notebooks/notebookRecord.ts';
import { html } from './html.ts';
import { failure, notebookView } from './notebookView.ts';
import { style } from './page.ts';
import { embeddedFiles } from './shownFiles.ts';

export interface ExportedNotebook {
  path: string;
  /** The log folder of the task run. */
  folder: string;
  over: boolean;
  nowMs: number;
  error?: string;
  errorTrace?: string;
}

/** A notebook and its results as one HTML document that needs nothing else. */
export function notebookDocument({ path, folder, over, nowMs, error, errorTrace }: ExportedNotebook): string {
  const cells = readCells(folder);
  const told = cells.some((cell) => cell.state === 'failed');
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <meta
          http-equiv="content-security-policy"
          content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"
        />
        <title>${basename(path)}</title>
        <style>
          ${style}
        </style>
      </head>
      <body>
        <main>
          <h1>${basename(path)}</h1>
          ${error !== undefined && !told ? failure(error, errorTrace) : undefined}
          ${notebookView(cells, { files: embeddedFiles(folder), over, depth: 1, nowMs })}
        </main>
      </body>
    </html>`.text;
}
