import type { ApiReply } from '../../kit/router.ts';
import { type Html, html } from './html.ts';

const style = `
  :root { color-scheme: light dark; }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid #8884; }
  pre { overflow: auto; max-height: 30rem; padding: .8rem; border: 1px solid #8884; white-space: pre-wrap; }
  img { max-width: 100%; background: white; }
  figure { margin: 1rem 0; }
  nav, small { opacity: .75; }`;

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
      'content-security-policy': "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
    },
    body: document.text,
  };
}

export const styleSheet: ApiReply = { headers: { 'content-type': 'text/css' }, body: style };
