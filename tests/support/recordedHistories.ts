import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HistoryEvent } from '../../local/host/durable/protocol.ts';

/** What to do when a deployment in flight would not go on as it began. */
export const whatToDo =
  'Deployments in flight would break or take another way. If the change is meant, raise defaultVersion in host.json, branch on it, ' +
  'and record the histories of the new version: docs/decisions/0006-orchestration-versions.md tells how.';

const folder = fileURLToPath(new URL('../histories', import.meta.url));
const fileOf = (version: string, path: string): string => join(folder, version, `${path}.jsonl`);

/** The paths that were recorded, of every version. */
export const recordedPaths = (): { version: string; path: string }[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.jsonl'))
    .toSorted()
    .map((file) => ({ version: dirname(file), path: file.slice(dirname(file).length + 1, -'.jsonl'.length) }));

/** The histories that were recorded of a path; undefined when none were. */
export function recordedHistories(version: string, path: string): HistoryEvent[][] | undefined {
  const file = fileOf(version, path);
  if (!existsSync(file)) return undefined;
  const read = (line: string): HistoryEvent => ({ ...(JSON.parse(line) as HistoryEvent), IsPlayed: true });
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n\n')
    .map((history) => history.split('\n').map(read));
}

/** Records the histories of a path: an event a line, without what is empty, and a blank line between two of them. Throws when there is a record. */
export function recordHistories(version: string, path: string, histories: HistoryEvent[][]): void {
  const lean = (key: string, value: unknown): unknown => (value === null || key === 'IsPlayed' ? undefined : value);
  const text = histories
    .map((history) => history.map((event) => `${JSON.stringify(event, lean)}\n`).join(''))
    .join('\n');
  mkdirSync(join(folder, version), { recursive: true });
  writeFileSync(fileOf(version, path), text, { flag: 'wx' });
}
