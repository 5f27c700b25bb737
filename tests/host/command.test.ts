import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const repository = resolve(import.meta.dirname, '../..');
const main = join(repository, 'local/host/main.ts');

interface Command {
  child: ChildProcessWithoutNullStreams;
  /** What it has written so far, to both outputs. */
  output(): string;
  written(pattern: RegExp): Promise<RegExpExecArray>;
  ended: Promise<number | null>;
}

function run(args: string[], options: { cwd?: string; env?: Record<string, string> } = {}): Command {
  const { npm_lifecycle_event: _, INIT_CWD: __, ...env } = process.env;
  const child = spawn(process.execPath, [main, ...args], { ...options, env: { ...env, ...options.env } });
  let output = '';
  const listeners: (() => void)[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      for (const listener of listeners) listener();
    });
  const written = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((found, failed) => {
      const look = (): void => {
        const match = pattern.exec(output);
        if (match) found(match);
      };
      listeners.push(look);
      child.once('close', () => failed(new Error(`Ended without ${pattern}: ${output}`)));
      look();
    });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, output: () => output, written, ended };
}

/** A function app in a folder of its own, outside this repository, with these files. */
function appWith(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'an app '));
  for (const [name, content] of Object.entries({ 'host.json': '{"version":"2.0"}', 'package.json': '{}', ...files })) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

const functions = 'const { app } = require("@azure/functions");';

describe('npm run host', () => {
  test('serves a streaming app by paths relative to where the person stood, and ends cleanly with an activity in flight', async () => {
    const stood = mkdtempSync(join(tmpdir(), 'stood here '));
    cpSync(join(repository, 'tests/fixtures/stream-app'), join(stood, 'my app'), { recursive: true });
    symlinkSync(join(repository, 'node_modules'), join(stood, 'my app/node_modules'));
    const host = run(['my app', '--port', '0', '--data', 'my data', '--log', 'error'], {
      cwd: repository,
      env: { npm_lifecycle_event: 'host', INIT_CWD: stood },
    });
    const [, url = ''] = await host.written(/Listening on (\S+)/);

    const echoed = await fetch(`${url}/api/echo/7?q=1`, { method: 'POST', body: 'text', headers: { 'x-a': 'A' } });
    expect([echoed.status, echoed.headers.get('set-cookie'), await echoed.json()]).toEqual([
      201,
      'a=b',
      { url: `${url}/api/echo/7?q=1`, params: { id: '7', q: '1' }, header: 'A', text: 'text', package: 'stream-app' },
    ]);

    const pieces = await fetch(`${url}/api/pieces`);
    const reader = pieces.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toBe('first ');
    expect((await fetch(`${url}/api/release`)).status).toBe(204);
    expect((await reader?.read())?.value).toBe('second');
    expect((await fetch(`${url}/api/breaks`)).status).toBe(500);

    expect((await fetch(`${url}/api/start`, { method: 'POST' })).status).toBe(202);
    await host.written(/the activity begins/);
    const second = run([join(stood, 'my app'), '--port', '0', '--data', join(stood, 'my data')]);
    expect(await second.ended).toBe(1);
    expect(second.output()).toContain('is in use by another host');
    host.child.kill('SIGTERM');
    expect(await host.ended).toBe(0);
    expect(host.output()).toContain('the activity ends');
  });

  test.each([
    [
      'an app that throws',
      { 'package.json': '{"main":"i.js"}', 'i.js': 'throw new Error("no start")' },
      /unable to load entry point "i.js": Error: no start/,
    ],
    [
      'a function that is there twice',
      {
        'package.json': '{"main":"i.js"}',
        'i.js': `${functions} for (const n of [1, 2]) app.http("a", { handler: () => ({}) });`,
      },
      /A function with id "a" has already been registered/,
    ],
    [
      'an app of the old model',
      { 'Page/function.json': '{}' },
      /Page\/function.json: apps of programming model 3 are not served/,
    ],
    ['an app without main', {}, /has no "main"/],
    ['an app whose main is missing', { 'package.json': '{"main":"dist/*.js"}' }, /No file matches "dist\/\*.js"/],
    ['an app that registers nothing', { 'package.json': '{"main":"i.js"}', 'i.js': '' }, /registers no functions/],
    ['encrypted settings', { 'local.settings.json': '{"IsEncrypted":true,"Values":{}}' }, /is encrypted/],
    ['host.json without a version', { 'host.json': '{}' }, /missing the required 'version'/],
  ])('refuses %s with a sentence', async (_, files, sentence) => {
    const command = run([appWith(files), '--port', '0', '--data', mkdtempSync(join(tmpdir(), 'data-'))]);
    expect(await command.ended).toBe(1);
    expect(command.output()).toMatch(sentence);
  });

  test('names the port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const command = run([appWith({}), '--port', String(port), '--data', mkdtempSync(join(tmpdir(), 'data-'))]);
    expect(await command.ended).toBe(1);
    expect(command.output()).toContain(`Port ${port} of 127.0.0.1 is taken`);
    server.close();
  });

  test('takes no port that is none', async () => {
    const command = run(['--port', 'abc']);
    expect([await command.ended, command.output().split('\n')[0]]).toEqual([
      2,
      '"abc" is no port: give a number from 0 to 65535.',
    ]);
  });
});
