import { describe, expect, it } from 'vitest';
import { markdown } from '../../local/databricks/pages/markdown.ts';

const render = (text: string): string =>
  markdown(text, 1)
    .text.replace(/>\n\s+/g, '>')
    .replace(/\n\s+</g, '<');

describe('markdown of a notebook', () => {
  const cases: [what: string, text: string, wanted: string][] = [
    ['headings, a level lower each', '# One\n###### Six', '<h2>One</h2><h6>Six</h6>'],
    ['paragraphs', 'a\nb\n\nc', '<p>a\nb</p><p>c</p>'],
    [
      'emphasis and code',
      '**a** *b* __c__ _d_ `**e**`',
      '<p><strong>a</strong> <em>b</em> <strong>c</strong> <em>d</em> <code>**e**</code></p>',
    ],
    ['emphasis in strong words', '**a *b* c**', '<p><strong>a <em>b</em> c</strong></p>'],
    ['names with underscores', 'my_long_name', '<p>my_long_name</p>'],
    ['nested lists', '- a\n- b\n  1. c\n\n- d', '<ul><li>a</li><li>b<ol><li>c</li></ol></li><li>d</li></ul>'],
    ['fenced code as it is', '```py\n# *a*\n\n<b>\n```\nx', '<pre><code># *a*\n\n&#60;b&#62;</code></pre><p>x</p>'],
    ['quotes and rules', '> a\n> b\n\n---', '<blockquote><p>a\nb</p></blockquote><hr />'],
    [
      'formulas as text',
      '$a_1 * b_1 * c$\n\n$$\n- x_1\n$$',
      '<p>$a_1 * b_1 * c$</p><p class="formula">$$\n- x_1\n$$</p>',
    ],
    [
      'links to the web only',
      '[a](https://b.c/?d&e) [f](javascript:g) ![h](https://i.j)',
      '<p><a href="https://b.c/?d&#38;e">a</a> f <a href="https://i.j">h</a></p>',
    ],
    [
      'HTML as text',
      '<img src=x onerror=y> [<b>](https://a.b/"onclick=")',
      '<p>&#60;img src=x onerror=y&#62; <a href="https://a.b/&#34;onclick=&#34;">&#60;b&#62;</a></p>',
    ],
    ['escaped characters', String.raw`\*a\*`, '<p>*a*</p>'],
  ];
  it.each(cases)('renders %s', (_what, text, wanted) => {
    expect(render(text)).toBe(wanted);
  });

  it('renders tables', () => {
    const table = render('| a | b \\| c |\n|---|:-:|\n| *d* | <e> |\n\nafter');
    expect(table).toContain('<th scope="col">a</th><th scope="col">b | c</th>');
    expect(table).toContain('<td><em>d</em></td><td>&#60;e&#62;</td>');
    expect(table).toMatch(/<\/div><p>after<\/p>$/);
  });

  it('ends for any text', () => {
    for (const text of [
      '> ',
      '- ',
      '```',
      '$$',
      '#',
      '# ',
      '|',
      '|\n|-',
      '1.',
      '   - a\n- b',
      '- a\n\n   b',
      '* * *a',
    ]) {
      expect(render(text)).toBeTypeOf('string');
    }
  });
});
