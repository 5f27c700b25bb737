import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { vi } from 'vitest';

/** What a hook of azd meets: an azd that notes how it is called, and an Azure that answers as it is told. */
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
  const failing = azdFails.map((command) => `"${command} "*) exit 1 ;;`).join('\n');
  writeFileSync(calls, '');
  writeFileSync(
    join(folder, 'azd'),
    `#!/bin/sh\necho "$*" >>'${calls}'\ncase "$* " in\n"auth token "*) echo '{"token": "its-token"}' ;;\n${failing}\nesac\n`,
  );
  chmodSync(join(folder, 'azd'), 0o755);
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const known = request.headers.authorization === 'Bearer its-token';
    const asked = `${request.method} ${decodeURIComponent(request.url ?? '')}`;
    requests.push(asked);
    const { status, body } = known ? (reply(asked, urlOf(server)) ?? { status: 404 }) : { status: 401 };
    response.writeHead(status).end(JSON.stringify(body ?? {}));
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

const urlOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
