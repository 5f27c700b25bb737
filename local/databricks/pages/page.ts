import type { ApiReply } from '../../kit/router.ts';
import { Html, html } from './html.ts';

/** How pages and exported notebooks look. */
export const style: Html = new Html(`
  :root { color-scheme: light dark; }
  * { box-sizing: border-box; }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
  table { border-collapse: collapse; }
  th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid #8884; }
  th, td:not(:last-child) { overflow-wrap: normal; }
  time { white-space: nowrap; }
  pre { overflow: auto; max-height: 30rem; margin: .5rem 0; padding: .8rem; border: 1px solid #8884; white-space: pre-wrap; }
  code, pre { font: .875rem/1.5 ui-monospace, monospace; }
  img { max-width: 100%; background: white; }
  figure { margin: .5rem 0; }
  summary { cursor: pointer; margin: .5rem 0; }
  blockquote { margin: 0; padding-left: 1rem; border-left: 3px solid #8884; }
  nav, small { opacity: .75; }
  .scroll { overflow: auto; max-height: 30rem; margin: .5rem 0; overflow-wrap: normal; }
  .scroll table { font-size: .875rem; }
  .cell { margin: 0 0 1rem; }
  .cell p { margin: .5rem 0; }
  .cell .title { font-weight: 600; }
  .cell .code { max-height: none; background: #8881; border-color: transparent; }
  .cell .output { border: 0; padding: 0 .8rem; }
  .cell .state { margin: 0; }
  .skipped { opacity: .6; }
  .below { margin: .5rem 0; padding-left: .8rem; border-left: 3px solid #8884; }
  .failure { padding-left: .8rem; border-left: 3px solid #d33; }
  .formula { white-space: pre-wrap; font-family: ui-monospace, monospace; }
  iframe { width: 100%; height: 16rem; border: 1px solid #8884; background: white; color-scheme: light; resize: vertical; }`);

/** A page for people; `refresh` seconds reload it while something on it still changes. */
export function page(title: string, content: Html, refresh?: number): ApiReply {
  const meta = refresh ? html`<meta http-equiv="refresh" content="${refresh}" />` : undefined;
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        ${meta}
        <title>${title}</title>
        <link rel="stylesheet" href="/style.css" />
      </head>
      <body>
        <nav><a href="/">Workspace</a></nav>
        <main>
          <h1>${title}</h1>
          ${content}
        </main>
      </body>
    </html>`;
  return {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy':
        "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
    },
    body: document.text,
  };
}

export const styleSheet: ApiReply = { headers: { 'content-type': 'text/css' }, body: style.text };
