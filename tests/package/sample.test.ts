import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { packageApp, unpack } from '../../local/setup/package.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const newFolder = (): string => mkdtempSync(join(tmpdir(), 'sample-'));

test('the sample of local settings, as it is, starts the app of the package on the embedded host, and health answers 200', async () => {
  const folder = newFolder();
  unpack((await packageApp(newFolder())).bytes, folder);
  copyFileSync(join(root, 'local.settings.sample.json'), join(folder, 'local.settings.json'));
  // Nothing of this process's settings, which would win.
  const { PATH, HOME, TMPDIR } = process.env;
  const host = spawn(
    process.execPath,
    [join(root, 'local/host/main.ts'), folder, '--port', '0', '--data', newFolder(), '--log', 'warning'],
    { cwd: folder, env: { PATH, HOME, TMPDIR }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  try {
    let output = '';
    for (const stream of [host.stdout, host.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
    await expect.poll(() => output, { timeout: 20_000 }).toMatch(/Listening on \S+/);
    const [, url] = /Listening on (\S+)/.exec(output) ?? [];
    const health = await fetch(`${url}/api/health`);
    expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }]);
    expect(output).not.toMatch(/warning|error/i);
  } finally {
    host.kill();
    await once(host, 'close');
  }
});
