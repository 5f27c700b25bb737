import { type Html, html } from './html.ts';

/**
 * Markdown as notebooks use it: headings (`depth` levels lower), paragraphs, lists, tables, quotes, code, emphasis and
 * links. Formulas stay as they are written, and so does HTML.
 */
export function markdown(text: string, depth: number): Html {
  return html`${blocks(text.replaceAll('\r\n', '\n').split('\n'), depth)}`;
}

/** What takes lines from the beginning of the rest, and what they become. */
type Block = [fits: RegExp, take: (lines: string[], depth: number) => Html];

const fence = /^\s*(`{3,}|~{3,})/;
const item = /^(\s*)(?:[-*+]|\d+[.)])\s+/;
const quote = /^\s*> ?/;
const tableRule = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;

const kinds: Block[] = [
  [fence, takeCode],
  [/^\s*\$\$/, takeFormula],
  [/^#{1,6}\s/, takeHeading],
  [/^\s*(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,})$/, takeRule],
  [quote, takeQuote],
  [item, takeList],
];

function blocks(given: string[], depth: number): Html[] {
  const lines = [...given];
  const found: Html[] = [];
  while (lines.length > 0) {
    const [line = '', next = ''] = lines;
    const kind = kinds.find(([fits]) => fits.test(line));
    if (line.trim() === '') lines.shift();
    else if (kind) found.push(kind[1](lines, depth));
    else found.push(line.includes('|') && tableRule.test(next) ? takeTable(lines) : takeParagraph(lines));
  }
  return found;
}

function takeWhile(lines: string[], wanted: (line: string) => boolean): string[] {
  const end = lines.findIndex((line) => !wanted(line));
  return lines.splice(0, end < 0 ? lines.length : end);
}

function takeCode(lines: string[]): Html {
  const mark = fence.exec(lines.shift() ?? '')?.[1] ?? '```';
  const code = takeWhile(lines, (line) => !line.trim().startsWith(mark));
  lines.shift();
  return html`<pre><code>${code.join('\n')}</code></pre>`;
}

function takeFormula(lines: string[]): Html {
  const first = lines.shift() ?? '';
  const closed = /\$\$\s*$/.test(first.replace(/^\s*\$\$/, ''));
  const rest = closed ? [] : takeWhile(lines, (line) => !line.includes('$$'));
  if (!closed) rest.push(lines.shift() ?? '');
  return html`<p class="formula">${[first, ...rest].join('\n').trim()}</p>`;
}

function takeHeading(lines: string[], depth: number): Html {
  const [, marks = '#', text = ''] = /^(#{1,6})\s+(.*?)\s*#*$/.exec(lines.shift() ?? '') ?? [];
  const level = Math.min(6, marks.length + depth);
  const words = inline(text);
  // Templates cannot put a value into a tag's name.
  if (level === 2) return html`<h2>${words}</h2>`;
  if (level === 3) return html`<h3>${words}</h3>`;
  if (level === 4) return html`<h4>${words}</h4>`;
  return level === 5 ? html`<h5>${words}</h5>` : html`<h6>${words}</h6>`;
}

function takeRule(lines: string[]): Html {
  lines.shift();
  return html`<hr />`;
}

function takeQuote(lines: string[], depth: number): Html {
  const quoted = takeWhile(lines, (line) => quote.test(line)).map((line) => line.replace(quote, ''));
  return html`<blockquote>${blocks(quoted, depth)}</blockquote>`;
}

function takeList(lines: string[], depth: number): Html {
  const [first = ''] = lines;
  const indent = indentOf(first);
  const ordered = /^\s*\d/.test(first);
  const items: Html[] = [];
  while (lines.length > 0 && item.test(lines[0] ?? '') && indentOf(lines[0] ?? '') <= indent) {
    const line = lines.shift() ?? '';
    const width = item.exec(line)?.[0].length ?? 2;
    const below = takeWhile(lines, (each) => each.trim() !== '' && indentOf(each) > indent);
    // One blank line may part items.
    if (lines[0]?.trim() === '' && item.test(lines[1] ?? '')) lines.shift();
    items.push(html`<li>${tight([line.slice(width), ...below.map((each) => dedent(each, width))], depth)}</li>`);
  }
  return ordered
    ? html`<ol>
        ${items}
      </ol>`
    : html`<ul>
        ${items}
      </ul>`;
}

/** An item's text without a paragraph around it, and what lies below it. */
function tight(lines: string[], depth: number): Html {
  const rest = [...lines];
  const text = takeWhile(rest, (line) => line.trim() !== '' && !item.test(line) && !fence.test(line));
  return html`${inline(text.join('\n'))}${blocks(rest, depth)}`;
}

const indentOf = (line: string): number => line.length - line.trimStart().length;
const dedent = (line: string, width: number): string => line.slice(Math.min(width, indentOf(line)));

function takeTable(lines: string[]): Html {
  const heads = cellsOf(lines.shift() ?? '');
  lines.shift();
  const rows = takeWhile(lines, (line) => line.includes('|')).map(cellsOf);
  return html`<div class="scroll" tabindex="0">
    <table>
      <thead>
        <tr>
          ${heads.map((cell) => html`<th scope="col">${inline(cell)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map((cell) => html`<td>${inline(cell)}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

const cellsOf = (line: string): string[] =>
  line
    .trim()
    .replace(/^\||(?<!\\)\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));

function takeParagraph(lines: string[]): Html {
  const first = lines.shift() ?? '';
  const rest = takeWhile(lines, (line) => line.trim() !== '' && !kinds.some(([fits]) => fits.test(line)));
  return html`<p>${inline([first, ...rest].join('\n'))}</p>`;
}

// In this order: code, formulas, links and pictures, addresses, strong, emphasis, escaped characters.
const token =
  /`([^`]+)`|(\$\$[^$]+\$\$|\$[^$\n]+\$|\\\([^\n]*?\\\))|!?\[([^\]]*)\]\(([^)\s]+)(?:\s+"[^"]*")?\)|<(https?:\/\/[^>\s]+)>|\*\*([^*]+(?:\*[^*]+\*[^*]*)*)\*\*|\b__([^_]+)__\b|\*([^*\s][^*]*)\*|\b_([^_]+)_\b|\\([\\`*_{}[\]()#+.!|-])/g;

function inline(text: string): Html {
  const parts: (Html | string)[] = [];
  let end = 0;
  for (const found of text.matchAll(token)) {
    parts.push(text.slice(end, found.index), word(found));
    end = found.index + found[0].length;
  }
  return html`${[...parts, text.slice(end)]}`;
}

function word(found: RegExpExecArray): Html | string {
  const [whole, code, formula, label = '', target, address, stars, lines, star, line, escaped] = found;
  const strong = stars ?? lines;
  const emphasis = star ?? line;
  if (code !== undefined) return html`<code>${code}</code>`;
  if (target !== undefined) return link(target, label);
  if (address !== undefined) return link(address, address);
  if (strong !== undefined) return html`<strong>${inline(strong)}</strong>`;
  if (emphasis !== undefined) return html`<em>${inline(emphasis)}</em>`;
  return escaped ?? formula ?? whole;
}

/** A link to the web; pictures too, as a page loads nothing from elsewhere. Other targets mean nothing here. */
function link(target: string, label: string): Html {
  return /^https?:\/\//i.test(target) ? html`<a href="${target}">${inline(label || target)}</a>` : inline(label);
}
