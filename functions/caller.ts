import type { HttpRequest } from '@azure/functions';
import { deployerSettings } from './settings.ts';

/** The name of who calls; App Service sets the header when it authenticates, and without that anyone could. */
export function callerName(request: HttpRequest): string | undefined {
  if (deployerSettings().WEBSITE_AUTH_ENABLED !== 'True') return undefined;
  return request.headers.get('x-ms-client-principal-name')?.slice(0, 256) || undefined;
}
