import { type Html, html } from './html.ts';

/** A table of rows that are lists of cells. */
export const table = (heads: string[], rows: (string | number | Html | undefined)[][]): Html =>
  html`<table>
    <thead>
      <tr>
        ${heads.map((head) => html`<th>${head}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        (cells) =>
          html`<tr>
            ${cells.map((cell) => html`<td>${cell}</td>`)}
          </tr>`,
      )}
    </tbody>
  </table>`;

/** A time in milliseconds since 1970 as UTC; nothing when there is none. */
export function moment(ms: number | bigint | undefined): Html | undefined {
  const date = new Date(Number(ms));
  if (ms === undefined || Number.isNaN(date.getTime())) return undefined;
  return html`<time datetime="${date.toISOString()}">${date.toISOString()}</time>`;
}

/** A path as part of an address. */
export const encodedPath = (path: string): string => path.split('/').map(encodeURIComponent).join('/');
