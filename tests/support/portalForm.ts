import { runInNewContext } from 'node:vm';

/** An element of `createUiDefinition.json`. */
export interface FormElement {
  name: string;
  type: string;
  visible?: string | boolean;
  label?: string;
  defaultValue?: unknown;
  min?: number;
  max?: number;
  constraints?: {
    required?: boolean;
    validations?: { regex: string; message: string }[];
    allowedValues?: { label: string; value: string }[];
  };
}

/** `createUiDefinition.json`, as far as the tests read it. */
export interface Form {
  parameters: {
    config: {
      basics: {
        description: string;
        subscription: { resourceProviders: string[] };
        location: { allowedValues: string[] };
      };
    };
    basics: FormElement[];
    steps: { name: string; label: string; elements: FormElement[] }[];
    outputs: Record<string, string>;
  };
}

/** What a person has entered: values by step (`basics` is one) and element. */
export type Entered = Record<string, Record<string, unknown>>;

/** What the portal says of the place that a person has chosen. */
export const chosenPlace = { group: 'rg-app', location: 'northeurope' };

/** The elements that a person fills in, by step. */
export const inputsOf = ({ parameters: { basics, steps } }: Form): [step: string, element: FormElement][] =>
  [{ name: 'basics', elements: basics }, ...steps].flatMap(({ name, elements }) =>
    elements
      .filter(({ type }) => type !== 'Microsoft.Common.InfoBox')
      .map((element): [string, FormElement] => [name, element]),
  );

/** Whether an element is shown to who has chosen the region. */
export const isShown = ({ visible }: FormElement, location: string): boolean =>
  evaluate(visible, {}, { ...chosenPlace, location }) === true;

/** What the form holds when nobody touches it. */
export function untouched(form: Form): Entered {
  const entered: Entered = {};
  for (const [step, { name, defaultValue, constraints }] of inputsOf(form)) {
    // The default of a choice is one of its labels.
    const choice = constraints?.allowedValues?.find(({ label }) => label === defaultValue);
    (entered[step] ??= {})[name] = choice ? choice.value : defaultValue;
  }
  return entered;
}

/** The parameters that the form gives to the template. */
export const outputsOf = (form: Form, entered: Entered): Record<string, unknown> =>
  Object.fromEntries(Object.entries(form.parameters.outputs).map(([name, value]) => [name, evaluate(value, entered)]));

/** Evaluates an expression of the form; throws at a function, a step or an element that there is not. */
function evaluate(value: unknown, entered: Entered, place = chosenPlace): unknown {
  const expression = typeof value === 'string' ? /^\[(.*)\]$/s.exec(value)?.[1] : undefined;
  if (expression === undefined) return value;
  const present = (of: Record<string, unknown> | undefined): Record<string, unknown> =>
    new Proxy(of ?? {}, {
      get(target, name) {
        if (!(name in target)) throw new Error(`There is no ${String(name)} in ${expression}`);
        return target[String(name)];
      },
    });
  const functions = {
    basics: (name: string) => present(entered['basics'])[name],
    steps: (name: string) => present(present(entered)[name] as Record<string, unknown>),
    location: () => place.location,
    resourceGroup: () => ({ name: place.group, location: place.location, mode: 'Existing' }),
    // A word of JavaScript's.
    choose: (condition: boolean, then: unknown, otherwise: unknown) => (condition ? then : otherwise),
    not: (condition: boolean) => !condition,
    concat: (...texts: string[]) => texts.join(''),
    contains: (text: string, part: string) => text.includes(part),
    empty: (text: string) => text === '',
    split: (text: string, by: string) => text.split(by),
    replace: (text: string, what: string, by: string) => text.replaceAll(what, by),
  };
  const result: unknown = runInNewContext(expression.replaceAll(/\bif\(/g, 'choose('), functions);
  // An array of another context is no array to the test runner.
  return Array.isArray(result) ? [...(result as unknown[])] : result;
}
