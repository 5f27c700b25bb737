import { existsSync, globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(root + path, 'utf8');

type Hook = Record<'windows' | 'posix', { shell: string; run: string }>;
interface AzureYaml {
  name: string;
  metadata: { template: string };
  requiredVersions: { azd: string };
  services: Record<string, Record<string, unknown> & { hooks: Record<string, Hook> }>;
  hooks: Record<string, Hook>;
}
interface Manifest {
  name: string;
  version: string;
  scripts: Record<string, string>;
}
interface Template {
  parameters: Record<string, { type: string; defaultValue?: unknown; $ref?: string }>;
  outputs: Record<string, unknown>;
}

const azure = parse(read('azure.yaml')) as AzureYaml;
const manifest = JSON.parse(read('package.json')) as Manifest;
const hooks = [azure.hooks, ...Object.values(azure.services).map(({ hooks }) => hooks)].flatMap((of) =>
  Object.entries(of),
);

describe('azure.yaml', () => {
  test('has the name and the version of this project', () => {
    expect(azure.name).toBe(manifest.name);
    expect(azure.metadata.template).toBe(`${manifest.name}@${manifest.version}`);
  });

  test('refuses an azd that is too old: before 1.23.4 lists and objects of the environment reach the template wrongly', () => {
    expect(azure.requiredVersions).toEqual({ azd: '>= 1.24.0' });
    expect(read('azure.yaml')).toContain('# For azd 1.24 or newer');
  });

  test('deploys the zip of npm run package as it is, to the app that the template names', () => {
    const { app, ...others } = azure.services;
    expect(others).toEqual({});
    expect(read('infra/main.json')).toContain("'azd-service-name', 'app'");
    // Of this language azd takes a zip unchanged; with js or ts it would install and build, and refuse our .funcignore.
    expect(app).toMatchObject({ host: 'function', language: 'custom', project: '.', dist: 'dist/app.zip' });
    expect(app).not.toHaveProperty('remoteBuild');
    expect(app?.hooks['prepackage']?.posix.run).toBe('npm run package');
  });

  test('runs hooks that are there, the same on every system', () => {
    expect(hooks.map(([name]) => name).sort()).toEqual([
      'postdeploy',
      'postdown',
      'predown',
      'prepackage',
      'preprovision',
    ]);
    for (const [, { windows, posix }] of hooks) {
      expect([windows.shell, posix.shell]).toEqual(['pwsh', 'sh']);
      expect(windows.run).toBe(posix.run);
      const [, script = '', file = ''] =
        /^(?:npm run (\w+)|node local\/setup\/run\.mjs (\S+\.ts))$/.exec(posix.run) ?? [];
      expect(script in manifest.scripts || existsSync(root + file), posix.run).toBe(true);
    }
  });
});

const template = JSON.parse(read('infra/main.json')) as Template;

describe('the parameters that azd gives', () => {
  const { parameters } = JSON.parse(read('infra/main.parameters.json')) as {
    parameters: Record<string, { value: unknown }>;
  };
  const known = template.parameters;
  const variable = (name: string): string => `DEPLOYER_${name.replaceAll(/[A-Z]/g, '_$&').toUpperCase()}`;

  test('are all of the template, each from a variable of its name', () => {
    expect(Object.keys(parameters).sort()).toEqual(Object.keys(known).sort());
    const others = { location: '${AZURE_LOCATION}', enableEventGrid: '${DEPLOYER_EVENT_GRID_READY}', packageUri: '' };
    const tags = { 'azd-env-name': '${AZURE_ENV_NAME}' };
    const wanted = Object.keys(known).map((name) => [name, `\${${variable(name)}}`]);
    const values = Object.entries(parameters).map(([name, { value }]) => [name, value]);
    expect(Object.fromEntries(values)).toEqual({ ...Object.fromEntries(wanted), ...others, tags });
  });

  test('have a default each, because azd leaves out what is not set', () => {
    for (const [name, { defaultValue }] of Object.entries(known)) expect(defaultValue, name).toBeDefined();
  });

  test('are not shadowed by a .bicepparam file, which azd would prefer', () => {
    expect(existsSync(`${root}infra/main.bicepparam`)).toBe(false);
  });

  test('and the outputs that the hooks read are outputs of the template', () => {
    const sources = globSync('infra/hooks/*.ts', { cwd: root }).map(read).join('');
    const names = [...sources.matchAll(/(?:setting\(|env\[)'([a-z]\w*)'/g)].map(([, name = '']) => name);
    expect(new Set(names)).toEqual(new Set(['appName', 'startUrl', 'healthUrl', 'identityPrincipalId']));
    expect(Object.keys(template.outputs)).toEqual(expect.arrayContaining([...new Set(names)]));
  });
});
