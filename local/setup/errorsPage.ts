import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ErrorCode, errorTable, retryForSeconds } from '../../domain/errorTable.ts';

const page = fileURLToPath(new URL('../../docs/errors.md', import.meta.url));

/** The text of `docs/errors.md`: every code of the error table, those that answer a request first. */
export function errorsPage(): string {
  const codes = Object.keys(errorTable) as ErrorCode[];
  const answers = codes.filter((code) => 'status' in errorTable[code]);
  const failures = codes.filter((code) => !answers.includes(code));
  return `# Errors

Made from \`domain/errorTable.ts\` by \`node local/setup/errorsPage.ts\`; a test compares the two.

## Answers to a request

Sent as \`application/problem+json\` with this status, \`code\`, \`title\`, \`detail\` and \`hint\`, and \`errors\` with a JSON pointer to each fault
where there are any.

| Code | HTTP status | Meaning | What to do |
|---|---|---|---|
${answers.map((code) => row(code, statusOf(code))).join('\n')}

## Failures of a deployment

Told in \`failure\` of the status resource, with the cloud's own words in \`cause\`, and in \`problem\` of a step while it is retried. "Its step's
limit" is the one in \`domain/steps.ts\`. A failure that is retried can also end at once: where the cloud asks to wait beyond the limit, or
says of this one case that it cannot pass.

| Code | Retried | Meaning | What to do |
|---|---|---|---|
${failures.map((code) => row(code, retriedFor(code))).join('\n')}
`;
}

function row(code: ErrorCode, middle: string): string {
  const { title, hint } = errorTable[code];
  return `| \`${code}\` | ${middle} | ${title} | ${hint.replaceAll('|', '\\|')} |`;
}

function statusOf(code: ErrorCode): string {
  const entry: { title: string; status?: number } = errorTable[code];
  return String(entry.status ?? '');
}

function retriedFor(code: ErrorCode): string {
  if (!('retryForSeconds' in errorTable[code])) return 'no';
  const seconds = retryForSeconds(code);
  return Number.isFinite(seconds) ? `at most ${seconds / 60} min` : 'up to its step\u2019s limit';
}

if (import.meta.main) writeFileSync(page, errorsPage());
