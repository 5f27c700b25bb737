import type { HttpResponseInit } from '@azure/functions';
import { DeploymentError } from '../domain/errors.ts';
import { deployerSettings } from './settings.ts';

/** GET /api/health: whether the app runs and its settings are whole; says nothing else to anyone. */
export async function health(): Promise<HttpResponseInit> {
  const headers = { 'cache-control': 'no-store' };
  try {
    deployerSettings();
    return { status: 200, headers, jsonBody: { status: 'ok' } };
  } catch (error) {
    if (!(error instanceof DeploymentError)) throw error;
    return { status: 503, headers, jsonBody: { status: 'misconfigured' } };
  }
}
