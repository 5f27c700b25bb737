import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The flags of the commands that hooks call; `--environment` is not said to be one of `auth token`, though azd takes it there since 1.23.14. */
const flags = {
  'auth token': ['--output', '--scope', '--tenant-id', '--claims'],
  'env set': ['--environment', '--file'],
  provision: ['--environment', '--no-prompt', '--preview', '--no-state', '--subscription', '--location'],
};

/**
 * What a hook of azd meets: an azd that notes how it is called, refuses flags that a command does not have, and runs the hook before
 * its own provisioning; and an Azure that answers as it is told, without the tags where a filter names one.
 */
export interface HookGround {
  /** What azd has been asked, one call a line. */
  azdCalls: () => string[];
  /** What Azure has been asked: method and path. */
  requests: string[];
  close(): Promise<void>;
}

type Reply = { status: number; body?: unknown } | undefined;

/** Puts the ground under this process, whose environment is then that of a hook; unknown paths are 404. */
export async function hookGround(
  environment: Record<string, string>,
  reply: (request: string, url: string) => Reply,
  azdFails: string[] = [],
): Promise<HookGround> {
  const folder = mkdtempSync(join(tmpdir(), 'hook-'));
  const calls = join(folder, 'calls');
  writeFileSync(calls, '');
  writeFileSync(join(folder, 'values'), '');
  writeFileSync(join(folder, 'azd'), azdScript(folder, azdFails));
  chmodSync(join(folder, 'azd'), 0o755);
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const known = request.headers.authorization === 'Bearer its-token';
    const asked = `${request.method} ${decodeURIComponent(request.url ?? '')}`;
    requests.push(asked);
    const { status, body } = known ? (reply(asked, urlOf(server)) ?? { status: 404 }) : { status: 401 };
    response.writeHead(status).end(JSON.stringify(body ?? {}, asked.includes('tagName') ? withoutTags : undefined));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // What hooks keep is kept in the process as well; stubbed, it is taken back.
  for (const name of ['DEPLOYER_EVENT_GRID_READY', 'DEPLOYER_PRINCIPAL_ID']) vi.stubEnv(name, '');
  const usual = { AZURE_ENV_NAME: 'dev', AZURE_SUBSCRIPTION_ID: 'sub', AZURE_RESOURCE_GROUP: 'rg-app' };
  const own = { PATH: `${folder}${delimiter}${process.env['PATH']}`, AZURE_RESOURCE_MANAGER_URL: urlOf(server) };
  for (const [name, value] of Object.entries({ ...usual, ...own, ...environment })) vi.stubEnv(name, value);
  return {
    azdCalls: () => readFileSync(calls, 'utf8').split('\n').filter(Boolean),
    requests,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

const withoutTags = (key: string, value: unknown): unknown => (key === 'tags' ? undefined : value);

/** An azd in which these commands fail. */
function azdScript(folder: string, failing: string[]): string {
  const { hooks } = parse(readFileSync(`${root}azure.yaml`, 'utf8')) as {
    hooks: Record<string, { posix: { run: string } } | undefined>;
  };
  const [before = ''] = hooks['preprovision']?.posix.run.match(/\S+\.ts$/) ?? [];
  const does: Record<keyof typeof flags, string> = {
    'auth token': `case "$*" in *"--output json"*) echo '{"token": "its-token"}' ;; *) echo its-token ;; esac`,
    'env set': `echo "export $3='$4'" >>'${folder}/values'`,
    // A hook has the values of the environment over those of azd's own process. The Azure here belongs to the process that waits for
    // this azd, so it could not answer.
    provision: before && `. '${folder}/values'; AZURE_RESOURCE_MANAGER_URL=http://127.0.0.1:9 node '${root}${before}'`,
  };
  const commands = Object.entries(flags).map(([command, known]) => {
    const check = `for word; do case "$word" in ${known.join('|')}) ;; -*) echo "ERROR: unknown flag: $word" >&2; exit 1 ;; esac; done`;
    const work = failing.includes(command) ? 'exit 1' : does[command as keyof typeof flags];
    return `"${command} "*)\n${check}\n${work}\n;;`;
  });
  return `#!/bin/sh\necho "$*" >>'${folder}/calls'\ncase "$* " in\n${commands.join('\n')}\n*) echo "ERROR: unknown command" >&2; exit 1 ;;\nesac\n`;
}

const urlOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
