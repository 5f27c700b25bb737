import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Reporter, TestCase, TestModule } from 'vitest/node';
import { faultRows } from './faultMatrix.ts';

const page = fileURLToPath(new URL('../../docs/reliability.md', import.meta.url));
const [begin, end] = ['<!-- fault table -->', '<!-- end of fault table -->'];

/** Prints which row of the fault matrix was tried how often, and writes it into `docs/reliability.md` when `FAULT_TABLE` says `write`. */
export default class FaultTable implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = new Map<string, { cases: number; violations: number; skipped: number }>();
    for (const module of modules) for (const one of module.children.allTests()) count(counts, one);
    if (counts.size === 0) return;
    const lines = Object.entries(faultRows).map(([row, what]) => {
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
