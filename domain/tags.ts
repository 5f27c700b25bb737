import * as v from 'valibot';
import { ownerTag } from './ids.ts';
import { plainObject } from './plainObject.ts';
import type { RequestFault } from './requestFault.ts';

const tagName = v.pipe(
  v.string(),
  v.regex(/^[^<>%&\\?/]{1,128}$/, 'A tag name has 1 to 128 characters without < > % & \\ ? /.'),
  v.check((name) => name.toLowerCase() !== ownerTag, `The tag ${ownerTag} is the deployer\u2019s own.`),
);
const tagText = v.pipe(v.string(), v.maxLength(256, 'A tag has at most 256 characters.'));

/** One of two could go past a tag that the settings give its value. */
const hasNoTwins = (record: object): boolean => {
  const names = Object.keys(record).map((name) => name.toLowerCase());
  return new Set(names).size === names.length;
};

/** The tags of a request. */
export const tags = v.pipe(
  plainObject,
  v.record(tagName, tagText),
  v.maxEntries(15, 'At most 15 tags.'),
  v.check(
    (record) => hasNoTwins(record),
    'Azure\u2019s tag names do not tell upper from lower case, so each may stand here once.',
  ),
);

export type Tags = v.InferOutput<typeof tags>;

/** The tags that a policy asks for: with their value, or null where the request has to give it. */
export const requiredTags = v.pipe(
  plainObject,
  v.record(tagName, v.nullable(tagText)),
  v.maxEntries(15),
  v.check((record) => hasNoTwins(record)),
);

export type RequiredTags = v.InferOutput<typeof requiredTags>;

/**
 * The tags for what a deployment creates: those of the request and the required ones; or what the request leaves out or
 * would change. Azure’s tag names know no case; the required spelling wins.
 */
export function withRequiredTags(asked: Tags, required: RequiredTags): { tags: Tags; faults: RequestFault[] } {
  const faults: RequestFault[] = [];
  const made: Tags = { ...asked };
  for (const [name, value] of Object.entries(required)) {
    const given = Object.keys(asked).find((one) => one.toLowerCase() === name.toLowerCase());
    const text = given === undefined ? undefined : asked[given];
    if (given !== undefined && value !== null && text !== value) {
      faults.push({ pointer: `/tags/${escaped(given)}`, message: `The settings give the tag ${name} its value.` });
    }
    if (value === null && (text ?? '').trim() === '') {
      faults.push({ pointer: `/tags/${escaped(given ?? name)}`, message: `The settings require a tag ${name}.` });
    }
    if (given !== undefined) delete made[given];
    made[name] = value ?? text ?? '';
  }
  return { tags: made, faults };
}

const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');
