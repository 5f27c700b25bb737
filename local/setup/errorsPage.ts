import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { entryOf, type ErrorCode, errorTable } from '../../domain/errorTable.ts';

const page = fileURLToPath(new URL('../../docs/errors.md', import.meta.url));

/** The text of `docs/errors.md`: every code of the error table, those that answer a request first. */
export function errorsPage(): string {
  const codes = Object.keys(errorTable) as ErrorCode[];
  const answers = codes.filter((code) => entryOf(code).status !== undefined);
  const failures = codes.filter((code) => !answers.includes(code));
  return `# Errors

Made from \`domain/errorTable.ts\` by \`node local/setup/errorsPage.ts\`; a test compares the two. There are no other codes.

A code with an HTTP status answers a request, as \`application/problem+json\` with \`code\`, \`title\`, \`detail\`, \`hint\`, \`link\` where there is a
page that helps, and \`errors\` with a JSON pointer to each fault where there are any.

A code without one ends a deployment: it stands in \`failure\` of the status resource, with the cloud's own words in \`cause\` and a \`link\` to what
failed, or to the page below; and in \`problem\` of a step while it is retried. "Its step's limit" is the one in \`domain/steps.ts\`. A failure that
is retried can also end at once: where the cloud asks to wait beyond the limit, or says of this one case that it cannot pass.

| Code | Meaning | HTTP status | Retried | What to do |
|---|---|---|---|---|
${[...answers, ...failures].map(row).join('\n')}
`;
}

function row(code: ErrorCode): string {
  const { title, hint, link, status } = entryOf(code);
  const help = `${hint.replaceAll('|', '\\|')}${link ? ` [Documentation](${link})` : ''}`;
  return `| \`${code}\` | ${title} | ${status ?? '\u2013'} | ${retriedFor(code)} | ${help} |`;
}

function retriedFor(code: ErrorCode): string {
  const { retryForSeconds: seconds } = entryOf(code);
  if (seconds === undefined) return 'no';
  return Number.isFinite(seconds) ? `at most ${seconds / 60} min` : 'up to its step\u2019s limit';
}

if (import.meta.main) writeFileSync(page, errorsPage());
