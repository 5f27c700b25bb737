import { endpoints, type Endpoints } from '../domain/endpoints.ts';
import { readSettings } from '../domain/settings.ts';

let known: Endpoints | undefined;

/** Where the clients call and as whom; throws SETTINGS_INVALID when a setting is missing or wrong. */
export function endpointSettings(): Endpoints {
  known ??= readSettings(endpoints, process.env);
  return known;
}
