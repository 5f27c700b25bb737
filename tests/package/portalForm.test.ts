import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  chosenPlace,
  type Entered,
  type Form,
  type FormElement,
  inputsOf,
  isShown,
  outputsOf,
  untouched,
} from '../support/portalForm.ts';

interface Parameter {
  type: string;
  defaultValue?: unknown;
  minLength?: number;
  maxLength?: number;
  minValue?: number;
  maxValue?: number;
  allowedValues?: string[];
}

const read = (path: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')) as unknown;
const form = read('infra/createUiDefinition.json') as Form;
const { parameters } = read('infra/main.json') as { parameters: Record<string, Parameter> };
const { repository, version } = read('package.json') as { repository: string; version: string };
const regions = read('infra/regions.json') as Record<string, { regions: string[] }>;

const schedulers = regions['durableTaskScheduler']?.regions ?? [];
const inputs = inputsOf(form);
const outputs = Object.keys(form.parameters.outputs);
const element = (name: string): FormElement => inputs.find(([, { name: one }]) => one === name)?.[1] as FormElement;
const withEntered = (step: string, values: Record<string, unknown>): Entered => {
  const entered = untouched(form);
  return { ...entered, [step]: { ...entered[step], ...values } };
};

/** For who deploys the template without the portal. */
const notInTheForm = ['accelerators', 'checkRegions', 'keepUndeliveredEvents', 'settings', 'tags'];

/** The parameter with its constraints, and those of the elements of an array, which are its own. */
function fits(value: unknown, { type, minLength = 0, maxLength = Infinity, ...of }: Parameter): boolean {
  if (type === 'array') return Array.isArray(value) && value.length >= minLength && value.every((one) => one !== '');
  if (type === 'bool') return typeof value === 'boolean';
  if (type === 'int') return Number(value) >= (of.minValue ?? -Infinity) && Number(value) <= (of.maxValue ?? Infinity);
  if (typeof value !== 'string' || value.length < minLength || value.length > maxLength) return false;
  return of.allowedValues?.includes(value) ?? true;
}

describe('the portal form', () => {
  test('gives parameters of the template only, and all that a person has to give', () => {
    expect(outputs.filter((name) => !(name in parameters))).toEqual([]);
    const required = Object.keys(parameters).filter((name) => parameters[name]?.defaultValue === undefined);
    expect(required.filter((name) => !outputs.includes(name))).toEqual([]);
    expect(
      Object.keys(parameters)
        .filter((name) => !outputs.includes(name))
        .sort(),
    ).toEqual(notInTheForm);
  });

  test('uses every element for the parameter of its name', () => {
    const names = inputs.map(([, { name }]) => name);
    expect([...names, 'location'].sort()).toEqual([...outputs].sort());
    for (const [step, { name }] of inputs)
      expect(form.parameters.outputs[name]).toContain(
        step === 'basics' ? `basics('${name}')` : `steps('${step}').${name}`,
      );
    for (const [, { label, type }] of inputs)
      expect([type, label]).toEqual([type, expect.stringMatching(/^[A-Z].{2,60}$/)]);
  });

  test('left as it is, gives what the template would take by itself', () => {
    const given = outputsOf(form, untouched(form));
    const derived = {
      location: chosenPlace.location,
      schedulerLocation: chosenPlace.location,
      targetResourceGroups: [chosenPlace.group],
      allowedLocations: [chosenPlace.location],
      packageUri: `${repository}/releases/download/v${version}/app.zip`,
      acceleratorRepository: repository,
      acceleratorTag: `v${version}`,
    };
    const defaults = Object.fromEntries(outputs.map((name) => [name, parameters[name]?.defaultValue]));
    expect(given).toEqual({ ...defaults, ...derived });
    for (const [name, value] of Object.entries(given))
      expect([name, fits(value, parameters[name] as Parameter)]).toEqual([name, true]);
  });

  test('makes lists of what is separated by commas', () => {
    const entered = {
      targetResourceGroups: 'rg-a, rg-b',
      allowedLocations: 'westeurope ,uksouth',
      allowedNodeTypes: 'A, B',
    };
    expect(outputsOf(form, withEntered('accelerator', entered))).toMatchObject({
      targetResourceGroups: ['rg-a', 'rg-b'],
      allowedLocations: ['westeurope', 'uksouth'],
      allowedNodeTypes: ['A', 'B'],
    });
  });

  test('refuses an expression that names what there is not', () => {
    const broken = structuredClone(form);
    broken.parameters.outputs['name'] = "[basics('nam')]";
    expect(() => outputsOf(broken, untouched(broken))).toThrow('There is no nam');
    broken.parameters.outputs['name'] = "[steps('basic').name]";
    expect(() => outputsOf(broken, untouched(broken))).toThrow('There is no basic');
    broken.parameters.outputs['name'] = "[nameOf('x')]";
    expect(() => outputsOf(broken, untouched(broken))).toThrow('nameOf is not defined');
  });

  test('offers the regions that the template knows', () => {
    expect(form.parameters.config.basics.location.allowedValues).toEqual(regions['flexConsumption']?.regions);
    const offered = element('schedulerLocation').constraints?.allowedValues?.map(({ value }) => value);
    expect(offered).toEqual(['', ...schedulers]);
    expect(outputsOf(form, withEntered('basics', { schedulerLocation: 'uksouth' }))).toMatchObject({
      schedulerLocation: 'uksouth',
    });
  });

  test('warns where the region of the app has no scheduler, and nowhere else', () => {
    const warning = form.parameters.basics.find(({ name }) => name === 'schedulerInfo') as FormElement;
    const warned = form.parameters.config.basics.location.allowedValues.filter((region) => isShown(warning, region));
    expect(warned).toEqual(regions['flexConsumption']?.regions.filter((region) => !schedulers.includes(region)));
    expect(warned).toContain('eastus');
  });

  test('asks for the resource providers that the template and the app need', () => {
    const types = JSON.stringify(read('infra/main.json')).matchAll(/"type":"(Microsoft\.\w+)\//g);
    const used = new Set([...types].map(([, namespace = '']) => namespace));
    // Registered in every subscription.
    for (const name of ['Microsoft.Resources', 'Microsoft.Authorization']) used.delete(name);
    expect(form.parameters.config.basics.subscription.resourceProviders.toSorted()).toEqual(
      [...used, 'Microsoft.Databricks'].toSorted(),
    );
  });

  test('tells of the version that it belongs to', () => {
    expect(form.parameters.config.basics.description).toContain(`(${repository}/blob/v${version}/infra/README.md)`);
  });
});

describe('what the form refuses', () => {
  const refusals = (name: string, value: string): string[] =>
    (element(name).constraints?.validations ?? [])
      .filter(({ regex }) => !new RegExp(regex).test(value))
      .map(({ message }) => message);

  test('every pattern is one, with a message, and takes its own default', () => {
    for (const [, { name, defaultValue, constraints }] of inputs)
      for (const { regex, message } of constraints?.validations ?? []) {
        expect(regex).toMatch(/^\^.*\$$/);
        expect(message).toMatch(/\.$|>$|name>$/);
        expect([name, new RegExp(regex).test(String(defaultValue))]).toEqual([name, true]);
      }
  });

  test('the name has the length and the characters that the template takes', () => {
    const { minLength = 0, maxLength = 0 } = parameters['name'] ?? {};
    expect([minLength, maxLength]).toEqual([3, 20]);
    for (const length of [minLength, maxLength]) expect(refusals('name', 'a'.repeat(length))).toEqual([]);
    for (const length of [minLength - 1, maxLength + 1]) expect(refusals('name', 'a'.repeat(length))).toHaveLength(1);
    for (const wrong of ['Accelerator', 'a_bc', 'a bc', 'äbc']) expect(refusals('name', wrong)).toHaveLength(1);
    expect(refusals('name', '0-a')).toEqual([]);
  });

  test('numbers and choices are those of the template', () => {
    const sliders = inputs.filter(([, { type }]) => type === 'Microsoft.Common.Slider').map(([, one]) => one);
    expect(sliders.map(({ name, min, max }) => [name, min, max])).toEqual(
      Object.entries(parameters)
        .filter(([, { type }]) => type === 'int')
        .map(([name, { minValue, maxValue }]) => [name, minValue, maxValue]),
    );
    expect(element('nodeVersion').constraints?.allowedValues?.map(({ value }) => value)).toEqual(
      parameters['nodeVersion']?.allowedValues,
    );
  });

  test.each([
    [
      'acceleratorRepository',
      ['https://github.com/org/repo'],
      [
        'http://github.com/org/repo',
        'https://github.com/org',
        'https://evil.test/org/repo',
        'https://user@github.com/org/repo',
        '',
      ],
    ],
    ['acceleratorTag', ['v1.2.3', 'release/2026'], ['', 'a b', 'v1"']],
    ['targetResourceGroups', ['', 'rg-a', 'rg-a, rg_(b).c'], [',', 'rg-a,', 'rg.', 'rg a', "rg'a"]],
    ['allowedLocations', ['', 'westeurope', 'westeurope,uksouth'], ['West Europe', 'westeurope;uksouth']],
    ['allowedNodeTypes', ['Standard_NC4as_T4_v3', 'Standard_A1, Standard_B2'], ['', 'a b', ',']],
    ['existingSystemTopicName', ['', 'topic-1'], ['to', 'topic_1']],
    ['authClientId', ['', '00000000-0000-4000-8000-000000000002'], ['0000', 'app']],
    [
      'statusLinkKeySecretUri',
      ['', 'https://kv-1.vault.azure.net/secrets/link-key'],
      ['https://kv-1.vault.azure.net/keys/a', 'http://kv-1.vault.azure.net/secrets/a', 'https://evil.test/secrets/a'],
    ],
    ['alertEmail', ['', 'ops@example.org'], ['ops', 'a@b.c, d@e.f', 'a@b']],
    ['packageUri', ['https://example.org/app.zip'], ['', 'http://example.org/app.zip', 'https://a b']],
  ])('%s', (name, good, bad) => {
    for (const value of good) expect([value, refusals(name, value)]).toEqual([value, []]);
    for (const value of bad)
      expect([value, element(name).constraints?.required && value === '' ? 1 : refusals(name, value).length]).toEqual([
        value,
        1,
      ]);
  });
});
