/**
 * A key that stands twice in one object of a valid JSON text, of which `body` is the parsed form: JSON.parse keeps the
 * last of equal keys in silence, so fewer keys are left than were sent.
 */
export function repeatedKey(text: string, body: unknown): string | undefined {
  const kept = countKeys(body);
  for (const [, name = '', colon] of text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?/g)) {
    if (!colon) continue;
    const key = JSON.parse(name) as string;
    const left = (kept.get(key) ?? 0) - 1;
    if (left < 0) return key;
    kept.set(key, left);
  }
  return undefined;
}

function countKeys(body: unknown): Map<string, number> {
  const counts = new Map<string, number>();
  const open = [body];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== 'object' || value === null) continue;
    for (const [key, item] of Object.entries(value)) {
      if (!Array.isArray(value)) counts.set(key, (counts.get(key) ?? 0) + 1);
      open.push(item);
    }
  }
  return counts;
}
