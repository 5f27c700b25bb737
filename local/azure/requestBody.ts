import { ArmError, invalidContent } from './armError.ts';
import { regions } from './regions.ts';

export type Json = Record<string, unknown>;

/** The body as an object; throws `InvalidRequestContent` for anything else. */
export function objectBody(body: unknown): Json {
  if (isObject(body)) return body;
  throw invalidContent('The request body must be a JSON object');
}

/** The object under `name`, empty when left out. */
export function objectField(body: Json, name: string): Json {
  const value = body[name] ?? {};
  if (isObject(value)) return value;
  throw invalidContent(`The property '${name}' must be an object`);
}

/** The text under `name`, undefined when left out. */
export function textField(body: Json, name: string): string | undefined {
  const value = body[name] ?? undefined;
  if (value === undefined || typeof value === 'string') return value;
  throw invalidContent(`The property '${name}' must be a string`);
}

/** The body's tags within Azure's limits: 50 tags, names of 512 and values of 256 characters. */
export function tagsOf(body: Json): Record<string, string> {
  const tags = objectField(body, 'tags');
  const entries = Object.entries(tags);
  if (entries.length > 50) throw new ArmError(400, 'TooManyTags', 'The resource has more than 50 tags.');
  for (const [name, value] of entries) {
    if (typeof value !== 'string') throw invalidContent(`The tag '${name}' must be a string`);
    if (name.length > 512) throw new ArmError(400, 'TagNameTooLong', `The tag name '${name}' exceeds 512 characters.`);
    if (value.length > 256) {
      throw new ArmError(400, 'TagValueTooLong', `The value of the tag '${name}' exceeds 256 characters.`);
    }
  }
  return tags as Record<string, string>;
}

/** The body's location as Azure keeps it (`West Europe` is `westeurope`), if the resource type is offered there. */
export function locationOf(body: Json, type: string): string {
  const given = textField(body, 'location');
  if (!given) throw new ArmError(400, 'LocationRequired', 'The location property is required for this definition.');
  const location = given.replaceAll(' ', '').toLowerCase();
  if (regions.includes(location)) return location;
  throw new ArmError(
    400,
    'LocationNotAvailableForResourceType',
    `The provided location '${given}' is not available for resource type '${type}'. List of available regions for the resource type is '${regions.join(',')}'.`,
  );
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
