import { expect, test } from 'vitest';
import { html } from '../../local/databricks/pages/html.ts';

test('a page escapes whatever is no markup, also in lists', () => {
  const name = `<img src=x onerror="alert('1')">`;
  const item = html`<b>${name}</b>`;
  expect(html`${[item, name, 3, undefined]}`.text).toBe(
    '<b>&#60;img src=x onerror=&#34;alert(&#39;1&#39;)&#34;&#62;</b>&#60;img src=x onerror=&#34;alert(&#39;1&#39;)&#34;&#62;3',
  );
});
