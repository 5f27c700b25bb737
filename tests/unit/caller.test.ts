import { HttpRequest, type HttpResponseInit } from '@azure/functions';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Caller, Role } from '../../functions/caller.ts';
import { stubSettings } from '../support/usualSettings.ts';

const uriOfRole = 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role';
const principalOf = (claims: [typ: string, val: unknown][], more: object = { role_typ: uriOfRole }): string =>
  encoded({ auth_typ: 'aad', claims: claims.map(([typ, val]) => ({ typ, val })), name_typ: 'name', ...more });
const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');
const asked = (headers: Record<string, string>): HttpRequest =>
  new HttpRequest({ method: 'GET', url: 'https://app.test/api/deployments', headers });

const ann = { 'x-ms-client-principal-name': 'ann@example.test', 'x-ms-client-principal-id': 'A1-B2' };
const withRoles = (...roles: string[]): Record<string, string> => ({
  ...ann,
  'x-ms-client-principal': principalOf(roles.map((role) => ['roles', role])),
});

const warnings: string[] = [];
const context = { warn: (text: string) => warnings.push(text), error() {}, invocationId: 'i' };

beforeEach(() => {
  stubSettings({ WEBSITE_AUTH_ENABLED: 'True' });
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.resetModules();
  warnings.length = 0;
});

async function callerOf(headers: Record<string, string>): Promise<Caller> {
  const module = await import('../../functions/caller.ts');
  return module.callerOf(asked(headers));
}

/** What a call of this caller is answered by a function that asks for the role. */
async function answerTo(headers: Record<string, string>, role: Role): Promise<HttpResponseInit> {
  const { withProblems } = await import('../../functions/problem.ts');
  const handler = withProblems(async (_request: HttpRequest, ..._others: unknown[]) => ({ status: 200 }), role);
  return handler(asked(headers), {}, context);
}

describe('callerOf', () => {
  test('believes nobody where App Service does not authenticate', async () => {
    vi.stubEnv('WEBSITE_AUTH_ENABLED', 'False');
    expect(await callerOf(withRoles('Deployer'))).toEqual({ key: 'key' });
  });

  test('takes all who come with the function key alone for one caller', async () => {
    expect(await callerOf({})).toEqual({ key: 'key' });
  });

  test('knows name and roles of a person, and a key that does not tell the id', async () => {
    const caller = await callerOf(withRoles('Reader', 'Deployer'));
    expect(caller).toEqual({
      name: 'ann@example.test',
      key: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      roles: ['Reader', 'Deployer'],
    });
    expect((await callerOf({ 'x-ms-client-principal-id': 'a1-b2' })).key).toBe(caller.key);
    expect((await callerOf({ ...ann, 'x-ms-client-principal-id': 'a1-b3' })).key).not.toBe(caller.key);
  });

  test.each([
    [
      'the name of the token',
      principalOf([
        ['name', 'Ann'],
        ['appid', '77'],
      ]),
      'Ann',
    ],
    [
      'the client id of an application',
      principalOf([
        ['appid', '77'],
        ['name', ''],
      ]),
      '77',
    ],
  ])('falls back to %s', async (_what, principal, name) => {
    expect((await callerOf({ 'x-ms-client-principal': principal })).name).toBe(name);
  });

  test.each([
    [
      'under the name that the token itself says',
      principalOf([['groups/role', 'Reader']], { role_typ: 'groups/role' }),
    ],
    ['under the URI of roles', principalOf([[uriOfRole, 'Reader']])],
    [
      'beside a claim that is no text',
      principalOf([
        ['roles', 7],
        ['roles', 'Reader'],
      ]),
    ],
  ])('finds a role %s', async (_what, principal) => {
    expect((await callerOf({ 'x-ms-client-principal': principal })).roles).toEqual(['Reader']);
  });

  test('cuts a name and keeps line breaks out of the log', async () => {
    const name = `a\tb${'x'.repeat(500)}`;
    const { name: known = '' } = await callerOf({ 'x-ms-client-principal-name': name });
    expect(known).toHaveLength(256);
    expect(known.slice(0, 4)).toBe('a bx');
  });
});

describe('a function that asks for a role', () => {
  test.each<[roles: string[], role: Role, status: number]>([
    [['Deployer'], 'Deployer', 200],
    [['Deployer'], 'Reader', 200],
    [['Reader'], 'Reader', 200],
    [['Reader'], 'Deployer', 403],
    [['Auditor'], 'Reader', 403],
    [['deployer'], 'Deployer', 403],
    [['Auditor', 'Reader'], 'Reader', 200],
  ])('answers a token with %j that needs %s with %i', async (roles, role, status) => {
    expect((await answerTo(withRoles(...roles), role)).status).toBe(status);
  });

  test('says what is missing and what to do, and logs who was refused', async () => {
    const answer = await answerTo(withRoles('Reader'), 'Deployer');
    expect(answer.headers).toMatchObject({ 'content-type': 'application/problem+json' });
    expect(JSON.parse(answer.body as string)).toMatchObject({
      code: 'CALLER_NOT_ALLOWED',
      detail: 'This needs the app role Deployer.',
      hint: expect.stringContaining('app role') as string,
    });
    expect(warnings.map((line) => JSON.parse(line) as unknown)).toEqual([
      { evt: 'caller.refused', needs: 'Deployer', caller: 'ann@example.test', why: 'role' },
    ]);
  });

  test('logs that nobody is let in because App Service does not authenticate', async () => {
    vi.stubEnv('WEBSITE_AUTH_ENABLED', 'False');
    vi.stubEnv('ROLES_REQUIRED', 'True');
    vi.resetModules();
    expect((await answerTo(withRoles('Deployer'), 'Deployer')).status).toBe(403);
    expect(warnings.map((line) => (JSON.parse(line) as { why: string }).why)).toEqual(['authenticationOff']);
  });

  test.each([
    ['a token without roles', ann],
    ['the function key alone', {}],
  ])('lets %s pass unless the settings require roles', async (_what, headers) => {
    expect((await answerTo(headers, 'Deployer')).status).toBe(200);
    vi.resetModules();
    vi.stubEnv('ROLES_REQUIRED', 'True');
    expect((await answerTo(headers, 'Deployer')).status).toBe(403);
    expect((await answerTo(headers, 'Reader')).status).toBe(403);
  });

  test.each([
    ['half a principal', encoded({ claims: [] }).slice(0, 9)],
    ['no base64', '%%%'],
    ['a principal of another shape', encoded({ userRoles: ['Deployer'] })],
    ['a principal that is null', encoded(null)],
  ])('refuses %s, which may hold roles', async (_what, principal) => {
    expect((await answerTo({ ...ann, 'x-ms-client-principal': principal }, 'Reader')).status).toBe(403);
  });

  test('lets nobody in when roles are required and App Service does not authenticate', async () => {
    vi.stubEnv('ROLES_REQUIRED', 'True');
    vi.stubEnv('WEBSITE_AUTH_ENABLED', 'False');
    expect((await answerTo(withRoles('Deployer'), 'Reader')).status).toBe(403);
  });
});
