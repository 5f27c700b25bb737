import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendRaw } from '../support/sendRaw.ts';
import { startTwoDeployments, type TwoDeployments } from '../support/twoDeployments.ts';

let { world, started, other } = {} as TwoDeployments;
beforeAll(async () => {
  ({ world, started, other } = await startTwoDeployments());
});
afterAll(() => world.close());

const inAnHour = Math.floor(Date.now() / 1000) + 3600;

/** A link as the app signs it, to whatever and for however long. */
function signed(id: string, expires: number): string {
  const key = world.cloud.settings['STATUS_LINK_KEY'] ?? '';
  const signature = createHmac('sha256', key).update(`${id}\n${expires}`).digest('base64url');
  return `/api/deployments/${id}/status?expires=${expires}&signature=${signature}`;
}

describe('a status link', () => {
  test('is refused with 401, and told nothing, when it is tampered with, expired, or of another deployment', async () => {
    const link = started.statusQueryGetUri;
    const links = {
      'another signature': link.replace(/signature=.{5}/, 'signature=AAAAA'),
      'a longer signature': `${link}A`,
      'no signature': link.replace(/&signature=.*/, ''),
      'two signatures': `${link}&signature=${'A'.repeat(43)}`,
      'no query': link.replace(/\?.*/, ''),
      'a later expiry': link.replace(/expires=\d+/, `expires=${inAnHour + 1e6}`),
      'an expiry in words': link.replace(/expires=\d+/, 'expires=never'),
      'two expiries': `${link}&expires=${inAnHour + 1e6}`,
      'an expiry that has passed': signed(started.id, inAnHour - 3700),
      'the id of another deployment': link.replace(started.id, other.id),
      'an id that does not exist': link.replace(started.id, 'f'.repeat(24)),
      'the id in capitals': link.replace(started.id, started.id.toUpperCase()),
    };
    for (const [what, path] of Object.entries(links)) {
      const response = await world.call(path, { key: '' });
      expect([what, response.status]).toEqual([what, 401]);
      const text = await response.text();
      expect(text).not.toMatch(/dbw-|rg-volatility|Running/);
      expect(JSON.parse(text)).toMatchObject({ code: 'SIGNATURE_INVALID' });
    }
  });

  test('to what is no deployment opens nothing, even with a right signature', async () => {
    for (const id of ['f'.repeat(24), `${started.id}:watch:1`, '__proto__']) {
      const response = await world.call(signed(id, inAnHour).replaceAll(':', '%3A'), { key: '' });
      expect([id, response.status]).toEqual([id, 404]);
      expect(await response.text()).not.toMatch(/dbw-|rg-volatility/);
    }
  });

  test('is answered with itself alone, whatever else its sender has put into it: no key and no words of his', async () => {
    const key = world.host.keys.function;
    const query = `code=${encodeURIComponent(key)}&next=${encodeURIComponent('Canary<script>')}`;
    const response = await world.call(`${started.statusQueryGetUri}&${query}`, { key: '' });
    expect(response.status).toBe(202);
    const text = JSON.stringify([[...response.headers], await response.text()]);
    expect(text).not.toContain(key);
    expect(text).not.toContain('Canary');
    expect(text.split(started.statusQueryGetUri)).toHaveLength(3);
  });

  test('leads to the host by which its reader came, whatever other headers say; a false one leads astray only who sent it', async () => {
    const headers = {
      'x-functions-key': world.host.keys.function,
      'x-forwarded-host': 'evil.test',
      'x-forwarded-proto': 'ftp',
      'x-forwarded-prefix': '/evil',
      'x-original-host': 'evil.test',
      'x-original-url': '/evil',
      'x-rewrite-url': '/evil',
      forwarded: 'host=evil.test;proto=ftp',
    };
    const path = `/api/deployments/${started.id}`;
    const { text } = await sendRaw(world.host.port, { path, headers });
    expect(text).not.toMatch(/evil|ftp/);
    expect(JSON.parse(text)).toMatchObject({ statusQueryGetUri: expect.stringContaining(world.host.url) as string });

    const own = await sendRaw(world.host.port, { path, headers: { ...headers, host: 'evil.test' } });
    expect(JSON.parse(own.text)).toMatchObject({
      statusQueryGetUri: expect.stringMatching(/^http:\/\/evil\.test\/api\//) as string,
    });
    expect(own.headers['cache-control']).toBe('no-store');
    expect(await (await world.call(path)).text()).not.toContain('evil');
  });
});
