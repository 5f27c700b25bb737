import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** The rows of the fault matrix; a test belongs to those that its name, or that of a group around it, begins with. */
const rows: Record<string, string> = {
  F1: 'crash before and after each commit of the durable state',
  F2: 'crash before, within and after each remote call',
  F3: 'SIGKILL of the host process at random moments',
  F4: 'throttling: 429 and 503 with each form of Retry-After',
  F5: '500, 502, 503, 504, once and three times',
  F6: 'connections cut before and after the effect, in the middle of an answer; pages of a gateway',
  F7: 'a workspace that takes long, fails, is cancelled, never ends, or whose operation vanishes',
  F8: 'what has just been made is not found, or not listed, for a while',
  F9: 'roles that spread slowly, rights that are missing',
  F10: 'storage that is ready at once, late, or never',
  F11: 'clusters that do not start, spot losses',
  F12: 'notebooks that fail; people who cancel, repair or delete runs',
  F13: 'tokens that expire, a token endpoint in trouble, a clock that is wrong',
  F14: 'malformed requests',
  F15: 'malformed answers of the cloud',
  F16: 'events that come twice, late, in any order, or of somebody else',
  F17: 'replay of every history, with another clock and environment',
  F18: 'bounds of history and payloads',
  F20: 'random mixes of crashes, faults and failures',
  F21: 'activities delivered twice, messages late and out of order',
  F22: 'cancel at every moment',
};

const page = fileURLToPath(new URL('../../docs/reliability.md', import.meta.url));
const [begin, end] = ['<!-- fault table -->', '<!-- end of fault table -->'];

/** Prints which row of the fault matrix was tried how often, and writes it into `docs/reliability.md` when `FAULT_TABLE` says `write`. */
export default class FaultTable implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = new Map<string, { cases: number; violations: number; skipped: number }>();
    for (const module of modules) for (const one of module.children.allTests()) count(counts, one);
    if (counts.size === 0) return;
    const lines = Object.entries(rows).map(([row, what]) => {
      const { cases = 0, violations = 0, skipped = 0 } = counts.get(row) ?? {};
      return `| ${row} | ${what} | ${cases} | ${violations} |${skipped > 0 ? ` ${skipped} more were skipped` : ''}`;
    });
    const table = ['| Row | Fault | Cases | Violations |', '|---|---|--:|--:|', ...lines].join('\n');
    console.log(`\n${table}`);
    if (process.env['FAULT_TABLE'] !== 'write') return;
    const text = readFileSync(page, 'utf8');
    const [before, after] = [text.indexOf(begin) + begin.length, text.indexOf(end)];
    writeFileSync(page, `${text.slice(0, before)}\n\n${table}\n\n${text.slice(after)}`);
  }
}

function count(counts: Map<string, { cases: number; violations: number; skipped: number }>, one: TestCase): void {
  const found = one.fullName.split(' > ').flatMap((name) => /^((?:F\d+(?:, )?)+):/.exec(name)?.[1]?.split(', ') ?? []);
  const { state } = one.result();
  for (const row of new Set(found)) {
    const known = counts.get(row) ?? { cases: 0, violations: 0, skipped: 0 };
    counts.set(row, known);
    if (state === 'skipped') known.skipped++;
    else known.cases++;
    if (state === 'failed') known.violations++;
  }
}
