import { existsSync, globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { errorTable } from '../../domain/errorTable.ts';
import { usualLimits } from '../../domain/limits.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(root + path, 'utf8');
const page = read('docs/operations.md');
const sectionOf = (title: string): string =>
  page.split(/^#{2,3} /m).find((section) => section.startsWith(`${title}\n`)) ?? '';

interface Template {
  parameters: Record<string, unknown>;
  outputs: Record<string, unknown>;
}
const template = read('infra/main.json');
const { parameters, outputs } = JSON.parse(template) as Template;

/** The types of all resources of the template, of its modules too. */
function typesIn(text: string): string[] {
  const types = new Set<string>();
  JSON.parse(text, (key, value: unknown) => {
    if (key === 'type' && typeof value === 'string' && value.startsWith('Microsoft.')) types.add(value);
    return value;
  });
  return [...types];
}

describe('docs/operations.md', () => {
  test('names every error code once, with who has to act', () => {
    const table = sectionOf('Troubleshooting')
      .split('\n\n')
      .find((part) => part.startsWith('| Who acts'));
    const codes = [...(table ?? '').matchAll(/`([A-Z_]+)`/g)].map(([, code = '']) => code);
    const named = codes.filter((code) => code in errorTable);
    expect(named.toSorted()).toEqual(Object.keys(errorTable).toSorted());
    const others = new Set(['STATUS_LINK_KEY', 'LIMIT_SECONDS', 'NOT_CHECKED', ...named]);
    expect(codes.filter((code) => !others.has(code))).toEqual([]);
  });

  test('names parameters and outputs that the template has', () => {
    const words = [...page.matchAll(/[`<](?!az )([a-z]+[A-Z]\w*)(?:[`>=])/g)].map(([, word = '']) => word);
    const used = new Set(
      words.filter((word) => !['onSubscriptionEvent', 'requestedAccessTokenVersion'].includes(word)),
    );
    expect(used.size).toBeGreaterThan(10);
    expect([...used].filter((word) => !(word in parameters) && !(word in outputs))).toEqual([]);
  });

  test('names variables that azd hands on or its hooks read', () => {
    const files = ['infra/main.parameters.json', ...globSync('infra/hooks/*.ts', { cwd: root })];
    const variables = (text: string): Set<string> => new Set(text.match(/\bDEPLOYER_[A-Z_]+\b/g));
    const [named, known] = [variables(page), variables(files.map(read).join('\n'))];
    expect(named.size).toBeGreaterThan(2);
    expect([...named].filter((name) => !known.has(name))).toEqual([]);
  });

  test('has the resource providers registered that template and deployments need', () => {
    const [, list = ''] = /for provider in ([^;]*?)\ndo /.exec(page) ?? [];
    const needed = typesIn(template).map((type) => type.split('/')[0] ?? '');
    // Of what a deployment makes, reads and may be put into, and what stands behind Flex Consumption and alerts.
    const more = ['Compute', 'Databricks', 'ManagedIdentity', 'Network', 'App', 'AlertsManagement'];
    const all = new Set([...needed, ...more.map((name) => `Microsoft.${name}`)]);
    all.delete('Microsoft.Resources');
    expect(list.match(/Microsoft\.\w+/g)).toEqual([...all].toSorted());
  });

  test('quotes what the template says of wrong regions and names', () => {
    for (const said of [
      'where Flex Consumption is not known to be',
      'where the Durable Task Scheduler is not known to be',
      'The parameter name may have lower-case letters, digits and hyphens',
    ]) {
      expect(sectionOf('Of the template')).toContain(said);
      expect(template).toContain(said);
    }
    expect(parameters['name']).toMatchObject({ minLength: 3, maxLength: 20 });
    expect(page).toContain(`less than or equal to '20'`);
  });

  test('says how long a deployment may last, and asks for stuck ones an hour after that', () => {
    const hours = usualLimits.deploymentSeconds / 3600;
    expect(page).toContain(`(${hours} hours unless \`LIMIT_SECONDS\` says otherwise)`);
    expect(page).toContain(`ago(${hours + 1}h)`);
  });

  test('links to files that there are', () => {
    const links = [...page.matchAll(/\]\((?!https:)([^)#]+)[)#]/g)].map(([, file = '']) => file);
    expect(links.filter((file) => !existsSync(`${root}docs/${file}`))).toEqual([]);
  });
});

test('the app roles of the registration are those that the app asks for', () => {
  const roles = JSON.parse(read('infra/app-roles.json')) as { id: string; value: string; isEnabled: boolean }[];
  const [, union = ''] = /export type Role = ([^;]+);/.exec(read('functions/caller.ts')) ?? [];
  expect(roles.map(({ value }) => `'${value}'`).join(' | ')).toBe(union);
  expect(new Set(roles.map(({ id }) => id)).size).toBe(roles.length);
  expect(roles.every(({ isEnabled }) => isEnabled)).toBe(true);
});
