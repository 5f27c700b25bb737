import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { afterDeploy } from '../../infra/hooks/afterDeploy.ts';
import { afterDown } from '../../infra/hooks/afterDown.ts';
import { beforeDown } from '../../infra/hooks/beforeDown.ts';
import { beforeProvision } from '../../infra/hooks/beforeProvision.ts';
import { type HookGround, hookGround } from '../support/hookGround.ts';

let ground: HookGround | undefined;
let said: string;
beforeEach(() => {
  said = '';
  vi.spyOn(console, 'log').mockImplementation((text: string) => void (said += `${text}\n`));
});
afterEach(async () => {
  await ground?.close();
  ground = undefined;
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

const start = async (...given: Parameters<typeof hookGround>): Promise<HookGround> => {
  ground = await hookGround(...given);
  return ground;
};
const principal = '11111111-0000-4000-8000-000000000000';
const handlerOf = (group: string, app: string): string =>
  `GET /subscriptions/sub/resourceGroups/${group}/providers/Microsoft.Web/sites/${app}/functions/onSubscriptionEvent?api-version=2025-03-01`;

test('a hook that cannot do its work ends azd with a sentence', () => {
  const hook = fileURLToPath(new URL('../../infra/hooks/afterDeploy.ts', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [hook], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([1, 'The azd environment has no startUrl: run "azd provision" first.\n']);
});

describe('after the code is deployed', () => {
  const outputs = {
    appName: 'func-app',
    startUrl: 'https://func-app.azurewebsites.net/api/deployments',
    healthUrl: 'https://func-app.azurewebsites.net/api/health',
  };
  const handler = handlerOf('rg-app', 'func-app');
  const quick = { looks: 3, pauseMs: 1 };

  test('the addresses and the next command are told', async () => {
    const { azdCalls } = await start(outputs, () => undefined);
    await afterDeploy(quick);
    expect(said).toContain('POST https://func-app.azurewebsites.net/api/deployments\n');
    expect(said).toContain('https://func-app.azurewebsites.net/api/health');
    expect(said).toMatch(/az functionapp keys list --resource-group rg-app --name func-app .*functionKeys\.default/);
    // Who has azd need not have the Azure CLI.
    expect(said).toContain(
      'https://portal.azure.com/#@/resource/subscriptions/sub/resourceGroups/rg-app/providers/Microsoft.Web/sites/func-app\n',
    );
    expect(said).toContain('curl -s -X POST "https://func-app.azurewebsites.net/api/deployments?dryRun=true"');
    expect(said).toContain('"resourceGroup": "rg-app"');
    expect(azdCalls()).toEqual([]);
  });

  test('the next command is for a group that the app may deploy into', async () => {
    await start({ ...outputs, DEPLOYER_TARGET_RESOURCE_GROUPS: '["rg-target"]' }, () => undefined);
    await afterDeploy(quick);
    expect(said).toContain('--resource-group rg-app');
    expect(said).toContain('"resourceGroup": "rg-target"');
  });

  test('a template that wants Event Grid is deployed once more, when Azure knows the function', async () => {
    let looks = 0;
    const { azdCalls, requests } = await start({ ...outputs, DEPLOYER_ENABLE_EVENT_GRID: 'true' }, () => ({
      status: ++looks < 3 ? 404 : 200,
    }));
    await afterDeploy(quick);
    expect(requests).toEqual([handler, handler, handler]);
    expect(azdCalls().filter((call) => !call.startsWith('auth'))).toEqual([
      'env set DEPLOYER_EVENT_GRID_READY true --environment dev',
      'provision --no-prompt --environment dev',
    ]);
  });

  test('the hook before that does not undo it, even when Azure has forgotten the function again', async () => {
    let looks = 0;
    const { azdCalls } = await start({ ...outputs, DEPLOYER_ENABLE_EVENT_GRID: 'true' }, () => ({
      status: ++looks > 1 ? 404 : 200,
    }));
    await afterDeploy(quick);
    expect(azdCalls().filter((call) => call.includes('DEPLOYER_EVENT_GRID_READY'))).toEqual([
      'env set DEPLOYER_EVENT_GRID_READY true --environment dev',
    ]);
  });

  test('one that has it already is not', async () => {
    const on = { DEPLOYER_ENABLE_EVENT_GRID: 'true', DEPLOYER_EVENT_GRID_READY: 'true' };
    const { azdCalls } = await start({ ...outputs, ...on }, () => undefined);
    await afterDeploy(quick);
    expect(azdCalls()).toEqual([]);
  });

  test('a function that does not come, and a template that fails, are told with what to do', async () => {
    await start({ ...outputs, DEPLOYER_ENABLE_EVENT_GRID: 'true' }, () => undefined);
    await expect(afterDeploy(quick)).rejects.toThrow('(404): run "azd deploy" once more.');
    await ground?.close();

    const on = { ...outputs, DEPLOYER_ENABLE_EVENT_GRID: 'true' };
    const { azdCalls } = await start(on, () => ({ status: 200 }), ['provision']);
    await expect(afterDeploy(quick)).rejects.toThrow('Event Grid could not be turned on');
    expect(azdCalls().at(-1)).toBe('env set DEPLOYER_EVENT_GRID_READY false --environment dev');
  });
});

describe('before the template is deployed', () => {
  const app = 'func-accelerator-0123456789abc';
  const ready = { appName: app, DEPLOYER_ENABLE_EVENT_GRID: 'true', DEPLOYER_EVENT_GRID_READY: 'true' };
  const taken = 'env set DEPLOYER_EVENT_GRID_READY false --environment dev';

  test('the first time nothing is asked, when nothing is known yet', async () => {
    const nothing = { AZURE_SUBSCRIPTION_ID: '', AZURE_RESOURCE_GROUP: '', DEPLOYER_ENABLE_EVENT_GRID: 'true' };
    const { azdCalls, requests } = await start(nothing, () => undefined);
    await beforeProvision();
    expect([azdCalls(), requests]).toEqual([[], []]);
  });

  test('events stay on where Azure knows the function', async () => {
    const { azdCalls, requests } = await start(ready, () => ({ status: 200 }));
    await beforeProvision();
    expect(requests).toEqual([handlerOf('rg-app', app)]);
    expect(azdCalls()).not.toContain(taken);
    expect(said).toBe('');
  });

  test.each([
    ['the function or the app is gone', {}],
    ['the app goes into another group', { AZURE_RESOURCE_GROUP: 'rg-other' }],
    ['the app gets another name', { DEPLOYER_NAME: 'volatility' }],
    ['the environment has no app any more', { appName: '' }],
  ])('they are off until the code is there, where %s', async (_, changed) => {
    const found = 'DEPLOYER_NAME' in changed || 'appName' in changed;
    const { azdCalls } = await start({ ...ready, ...changed }, () => ({ status: found ? 200 : 404 }));
    await beforeProvision();
    expect(azdCalls().at(-1)).toBe(taken);
    expect(said).toContain('"azd deploy" adds them');
  });

  test('an answer that says nothing about the function changes nothing', async () => {
    const { azdCalls } = await start(ready, () => ({ status: 503 }));
    await beforeProvision();
    expect(azdCalls()).not.toContain(taken);
  });

  test('an app is known by its name as the template makes it', async () => {
    const snapshot = fileURLToPath(new URL('../../infra/snapshots/azd.snapshot.json', import.meta.url));
    const [appName = ''] = /func-[\w-]+/.exec(readFileSync(snapshot, 'utf8')) ?? [];
    for (const DEPLOYER_NAME of ['', 'accelerator']) {
      const { azdCalls } = await start({ ...ready, appName, DEPLOYER_NAME }, () => ({ status: 200 }));
      await beforeProvision();
      expect(azdCalls()).not.toContain(taken);
      await ground?.close();
    }
  });
});

describe('before the app is removed', () => {
  const outputs = { identityPrincipalId: principal, startUrl: 'https://app/api/deployments' };
  const marked = (group: string, type: string, name: string, deployment: string): object => ({
    id: `/subscriptions/sub/resourceGroups/${group}/providers/${type}/${name}`,
    name,
    type,
    tags: { 'accelerator-deployment': deployment },
  });
  const list = (group: string): string =>
    `GET /subscriptions/sub/resourceGroups/${group}/resources?api-version=2021-04-01`;

  test('nothing stands in the way where nothing carries the mark in the groups of this app, or one is not there', async () => {
    const groups = { DEPLOYER_TARGET_RESOURCE_GROUPS: '["rg-app","RG-App","rg-gone"]' };
    const unmarked = [
      { ...marked('rg-app', 'Microsoft.Databricks/workspaces', 'dbw-by-hand', ''), tags: { owner: 'somebody' } },
      { ...marked('rg-app', 'Microsoft.Web/sites', 'func-app', ''), tags: undefined },
    ];
    const { azdCalls, requests } = await start({ ...outputs, ...groups }, (request) =>
      request === list('rg-app') ? { status: 200, body: { value: unmarked } } : undefined,
    );
    await beforeDown();
    expect(requests).toEqual([list('rg-app'), list('rg-gone')]);
    expect(azdCalls()).toContain(`env set DEPLOYER_PRINCIPAL_ID ${principal} --environment dev`);
  });

  test('what deployments have made is named, on all pages and in all groups, with the calls that delete it', async () => {
    const groups = { DEPLOYER_TARGET_RESOURCE_GROUPS: '["rg-app","RG-Second"]' };
    await start({ ...outputs, ...groups }, (request, url) => {
      const identity = marked('rg-second', 'Microsoft.ManagedIdentity/userAssignedIdentities', 'id-dbw', 'first');
      const workspace = marked('rg-app', 'Microsoft.Databricks/workspaces', 'dbw', 'second');
      const itsIdentity = marked('rg-app', 'Microsoft.ManagedIdentity/userAssignedIdentities', 'id-dbw', 'second');
      if (request === list('rg-second')) return { status: 200, body: { value: [identity] } };
      return request === list('rg-app')
        ? { status: 200, body: { value: [workspace], nextLink: `${url}/page2` } }
        : { status: 200, body: { value: [itsIdentity] } };
    });
    const refusal = await beforeDown().then(String, String);
    expect(refusal).toContain('/resourceGroups/rg-second/providers/Microsoft.ManagedIdentity/userAssignedIdentities/');
    expect(refusal.match(/curl -X DELETE ".*?"/g)).toEqual([
      'curl -X DELETE "https://app/api/deployments/second?resourceGroup=rg-app&workspaceName=dbw"',
      'curl -X DELETE "https://app/api/deployments/first"',
    ]);
  });

  test('an app that was never there to its end is removed without a question', async () => {
    const { azdCalls, requests } = await start({}, () => undefined);
    await beforeDown();
    await afterDown();
    expect(requests).toEqual(['GET /subscriptions/sub/resourceGroups/rg-app?api-version=2021-04-01']);
    expect(azdCalls().filter((call) => call.includes('PRINCIPAL'))).toEqual([]);
  });

  test('a person may leave it behind', async () => {
    const { requests } = await start({ ...outputs, DEPLOYER_KEEP_DEPLOYMENTS: 'true' }, () => undefined);
    await beforeDown();
    expect(requests).toEqual([]);
  });

  test('a list that Azure refuses stops the removal', async () => {
    await start(outputs, () => ({ status: 403, body: { error: { code: 'AuthorizationFailed' } } }));
    await expect(beforeDown()).rejects.toThrow('Azure answered 403');
  });
});

describe('after the app is removed', () => {
  const group = 'GET /subscriptions/sub/resourceGroups/rg-app?api-version=2021-04-01';
  const role = (scope: string, of: string): object => ({
    id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${of === principal ? 'own' : 'foreign'}`,
    properties: { principalId: of, scope },
  });

  test('the roles of its identity elsewhere go, and those of others stay', async () => {
    const roles = [role('/subscriptions/sub', principal), role('/subscriptions/sub', 'somebody')];
    const { azdCalls, requests } = await start({ DEPLOYER_PRINCIPAL_ID: principal }, (request) =>
      request === group ? undefined : { status: 200, body: { value: roles } },
    );
    await afterDown();
    expect(requests).toEqual([
      group,
      `GET /subscriptions/sub/providers/Microsoft.Authorization/roleAssignments?$filter=principalId eq '${principal}'&api-version=2022-04-01`,
      'DELETE /subscriptions/sub/providers/Microsoft.Authorization/roleAssignments/own?api-version=2022-04-01',
    ]);
    expect(azdCalls()).toContain('env set DEPLOYER_EVENT_GRID_READY false --environment dev');
    expect(said).toContain('Removed the role assignment');
  });

  test('an app whose group is still there keeps its rights', async () => {
    const { requests } = await start({ DEPLOYER_PRINCIPAL_ID: principal }, () => ({ status: 200 }));
    await afterDown();
    expect(requests).toEqual([group]);
  });
});
