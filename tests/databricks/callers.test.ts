import { describe, expect, it } from 'vitest';
import { admin, resourceId, startTestWorkspace } from './support/startTestWorkspace.ts';

const me = '/api/2.0/preview/scim/v2/Me';
const principals = '/api/2.0/preview/scim/v2/ServicePrincipals';

describe('callers of a workspace', () => {
  it('are refused without a token, with a token for another audience and with an expired one', async () => {
    const { call, token } = await startTestWorkspace();
    const foreign = token({ audience: 'https://management.azure.com' });
    const expired = token({ seconds: -1 });
    for (const headers of [
      {},
      { authorization: `Bearer ${foreign}` },
      { authorization: `Bearer ${expired}` },
      { authorization: 'Bearer dapi12' },
    ]) {
      const { status, body } = await call('GET', me, undefined, headers);
      expect(status).toBe(401);
      expect(body).toMatchObject({ error_code: 'UNAUTHENTICATED', message: expect.any(String) });
    }
  });

  it('who administer the Azure resource become members at their first call with both headers', async () => {
    const { call, token } = await startTestWorkspace();
    const plain = { authorization: `Bearer ${token()}` };
    expect((await call('GET', me, undefined, plain)).status).toBe(403);
    const first = await call('GET', me);
    expect(first.body).toMatchObject({ userName: admin, active: true });
    expect(first.headers.get('x-databricks-org-id')).toBe('4711000000000001');
    expect((await call('GET', me, undefined, plain)).body.id).toBe(first.body.id);
    const home = await call('GET', `/api/2.0/workspace/get-status?path=/Users/${admin}`);
    expect(home.body).toMatchObject({ object_type: 'DIRECTORY' });
  });

  it('who do not administer it, or prove another identity, stay outside', async () => {
    const { call, token } = await startTestWorkspace();
    const management = { audience: 'https://management.core.windows.net/' };
    const headers = (identity: string, proof: string): Record<string, string> => ({
      authorization: `Bearer ${token({ identity })}`,
      'x-databricks-azure-workspace-resource-id': resourceId.toUpperCase(),
      'x-databricks-azure-sp-management-token': token({ ...management, identity: proof }),
    });
    expect((await call('GET', me, undefined, headers('stranger', 'stranger'))).status).toBe(403);
    expect((await call('GET', me, undefined, headers('stranger', admin))).status).toBe(403);
    expect((await call('GET', me, undefined, headers(admin, admin))).status).toBe(200);
  });

  it('may be service principals that were added, found by a filter, and removed', async () => {
    const { call, token } = await startTestWorkspace();
    const wanted = {
      applicationId: 'a1b2',
      displayName: 'identity',
      entitlements: [{ value: 'allow-cluster-create' }],
    };
    const created = await call('POST', principals, wanted);
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({ ...wanted, active: true });
    const again = await call('POST', principals, wanted);
    expect(again.status).toBe(409);
    expect(again.body).toMatchObject({ scimType: 'uniqueness', status: '409', detail: expect.any(String) });
    const filter = encodeURIComponent('applicationId eq "a1b2"');
    const found = await call('GET', `${principals}?filter=${filter}`);
    expect(found.body).toMatchObject({ totalResults: 1, Resources: [{ id: created.body.id }] });
    const own = { authorization: `Bearer ${token({ identity: 'a1b2' })}` };
    expect((await call('GET', me, undefined, own)).body.userName).toBe('a1b2');
    expect((await call('DELETE', `${principals}/${created.body.id}`)).status).toBe(204);
    expect((await call('GET', `${principals}/${created.body.id}`)).status).toBe(404);
    expect((await call('GET', me, undefined, own)).status).toBe(403);
  });

  it('hear the name of an operation that the emulator does not have', async () => {
    const { call } = await startTestWorkspace();
    const { status, body } = await call('GET', '/api/2.0/sql/alerts');
    expect(status).toBe(501);
    expect(body.message).toContain('GET /api/2.0/sql/alerts');
  });
});
