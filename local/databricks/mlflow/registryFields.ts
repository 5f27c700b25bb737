import { invalidParameter, missingField } from '../apiError.ts';
import { type Fields, bodyOf, optionalText, requiredText } from '../requestFields.ts';
import type { AddRoute } from '../routes.ts';
import { type Pair, valueOf } from './entities.ts';
import { checkLength, limits, readKey, readPairs, readValue } from './entityFields.ts';
import type { Models, ModelVersion } from './models.ts';
import type { Comparison } from './searchFilter.ts';
import { passes } from './searchMatch.ts';

/** A version's number as text; 400 when it is none. */
export function versionOf(fields: Fields): string {
  const given = fields['version'];
  if (given === undefined || given === null || given === '') throw missingField('version');
  const text = typeof given === 'string' || typeof given === 'number' ? `${given}` : '';
  if (!/^[1-9]\d{0,14}$/.test(text)) throw invalidParameter(`Parameter 'version' must be an integer, got '${text}'.`);
  return text;
}

export const tagsOf = (fields: Fields): Pair[] => readPairs(fields, 'tags', limits.registryTagValue);
export const descriptionOf = (fields: Fields): string => optionalText(fields, 'description') ?? '';

/** An alias; 400 for one that could be taken for a version (mlflow/utils/validation.py). */
export function aliasOf(fields: Fields, name = 'alias'): string {
  const alias = checkLength(requiredText(fields, name), 'Registered model alias name', limits.alias);
  if (!/^[\w-]+$/.test(alias)) {
    throw invalidParameter(
      `Invalid alias name: '${alias}'. Names may only contain alphanumerics, underscores (_), and dashes (-).`,
    );
  }
  if (alias.toLowerCase() === 'latest') throw invalidParameter("'latest' alias name (case insensitive) is reserved.");
  if (/^v\d+$/i.test(alias)) throw invalidParameter(`Version alias name '${alias}' is reserved.`);
  return alias;
}

/** Adds the tag operations that both registries have below their roots. */
export function addTagRoutes(on: AddRoute, root: string, models: Models, nameOf: (fields: Fields) => string): void {
  for (const [part, isVersion] of [
    ['registered-models', false],
    ['model-versions', true],
  ] as const) {
    on('POST', `${root}/${part}/set-tag`, (request) => {
      const body = bodyOf(request);
      const tag = { key: readKey(body, 'key'), value: readValue(body, 'value', limits.registryTagValue) };
      models.setTag(nameOf(body), isVersion ? versionOf(body) : undefined, tag);
      return { body: {} };
    });
    on('DELETE', `${root}/${part}/delete-tag`, (request) => {
      const body = bodyOf(request);
      models.removeTag(nameOf(body), isVersion ? versionOf(body) : undefined, requiredText(body, 'key'));
      return { body: {} };
    });
  }
}

/** Whether a version passes a comparison of a search: by name, number, run, source or tag. */
export function versionPasses(version: ModelVersion, comparison: Comparison): boolean {
  const { kind, key } = comparison;
  if (kind === 'tag') return passes(valueOf(version.tags, key), comparison);
  if (key === 'name') return passes(version.name, comparison);
  if (key === 'run_id') return passes(version.runId, comparison);
  return passes(key === 'version_number' ? version.version : version.source, comparison);
}
