import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const read = (file: string): string => readFileSync(dist + file, 'utf8');

/** The file, and the chunks that it imports at its own start, and those that they do. */
function startOf(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, chunk = ''] of read(file).matchAll(/^(?:import|export)\b[^;'"]*from? ?["']\.\/([^"']+)["']/gm))
    startOf(file.startsWith('chunks/') ? `chunks/${chunk}` : chunk, seen);
  return seen;
}

/** The packages of which a text holds code, as the bundler names them. */
const packagesIn = (text: string): Set<string> =>
  new Set(
    [...text.matchAll(/^\s*(?:\/\/|")\s*(?:[\w./-]*\/)?node_modules\/((?:@[\w-]+\/)?[\w.-]+)\//gm)].map(
      ([, name = '']) => name,
    ),
  );

test('the start of the bundle reads neither the SQL driver nor the Azure clients nor telemetry, which are in chunks', () => {
  const start = packagesIn([...startOf('functions.mjs')].map(read).join('\n'));
  const all = packagesIn(globSync('**/*.mjs', { cwd: dist }).map(read).join('\n'));
  const slow = [
    '@databricks/sql',
    'thrift',
    '@azure/identity',
    '@azure/arm-authorization',
    '@azure/arm-databricks',
    'applicationinsights',
    '@opentelemetry/sdk-logs',
  ];
  expect(slow.filter((name) => !all.has(name))).toEqual([]);
  expect(slow.filter((name) => start.has(name))).toEqual([]);
  expect(start).toContain('durable-functions');
});

test('no instrumentation is in the bundle', () => {
  const all = packagesIn(globSync('**/*.mjs', { cwd: dist }).map(read).join('\n'));
  expect([...all].filter((name) => /instrumentation|monitor-opentelemetry$|sdk-node/.test(name))).toEqual([]);
});

test('Node itself can load every chunk', () => {
  const chunks = globSync('chunks/*.mjs', { cwd: dist });
  expect(chunks.some((chunk) => chunk.includes('sqlDriver'))).toBe(true);
  // The test runner gives modules what Node does not, such as __dirname.
  const program = `for (const chunk of ${JSON.stringify(chunks)}) await import(${JSON.stringify(pathToFileURL(dist).href)} + chunk);`;
  execFileSync(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'pipe' });
});
