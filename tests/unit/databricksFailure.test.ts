import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DatabricksError, isExisting, isMissing } from '../../clients/databricksFailure.ts';
import { toFailure } from '../../domain/errors.ts';
import { errorTable } from '../../domain/errorTable.ts';
import { storageKey } from '../support/canaries.ts';

const call = 'GET /api/2.2/jobs/get';
const answered = (status: number, body: unknown, retryAfter?: string): DatabricksError =>
  new DatabricksError(status, typeof body === 'string' ? body : JSON.stringify(body), retryAfter, call);
const said = (status: number, error_code: string, message = 'words'): DatabricksError =>
  answered(status, { error_code, message });

describe('DatabricksError', () => {
  test.each([
    [400, 'BAD_REQUEST', 'DATABRICKS_REJECTED', false],
    [400, 'INVALID_PARAMETER_VALUE', 'DATABRICKS_REJECTED', false],
    [400, 'INVALID_STATE', 'DATABRICKS_REJECTED', false],
    [400, 'RESOURCE_ALREADY_EXISTS', 'DATABRICKS_REJECTED', false],
    [400, 'DIRECTORY_PROTECTED', 'DATABRICKS_REJECTED', false],
    [401, 'UNAUTHENTICATED', 'DATABRICKS_DENIED', true],
    [403, 'PERMISSION_DENIED', 'DATABRICKS_DENIED', true],
    [400, 'PERMISSION_NOT_PROPAGATED', 'DATABRICKS_DENIED', true],
    [404, 'RESOURCE_DOES_NOT_EXIST', 'DATABRICKS_REJECTED', false],
    [404, 'CATALOG_DOES_NOT_EXIST', 'DATABRICKS_REJECTED', false],
    [404, 'SCHEMA_DOES_NOT_EXIST', 'DATABRICKS_REJECTED', false],
    [404, 'TABLE_DOES_NOT_EXIST', 'DATABRICKS_REJECTED', false],
    [409, 'ALREADY_EXISTS', 'DATABRICKS_UNAVAILABLE', true],
    [409, 'ABORTED', 'DATABRICKS_UNAVAILABLE', true],
    [409, 'RESOURCE_CONFLICT', 'DATABRICKS_UNAVAILABLE', true],
    [429, 'RESOURCE_EXHAUSTED', 'DATABRICKS_THROTTLED', true],
    [429, 'REQUEST_LIMIT_EXCEEDED', 'DATABRICKS_THROTTLED', true],
    [408, '', 'DATABRICKS_UNAVAILABLE', true],
    [500, 'INTERNAL_ERROR', 'DATABRICKS_UNAVAILABLE', true],
    [501, 'NOT_IMPLEMENTED', 'DATABRICKS_REJECTED', false],
    [502, '', 'DATABRICKS_UNAVAILABLE', true],
    [503, 'TEMPORARILY_UNAVAILABLE', 'DATABRICKS_UNAVAILABLE', true],
    [400, 'TEMPORARILY_UNAVAILABLE', 'DATABRICKS_UNAVAILABLE', true],
    [400, 'WORKSPACE_TEMPORARILY_UNAVAILABLE', 'DATABRICKS_UNAVAILABLE', true],
    [504, 'DEADLINE_EXCEEDED', 'DATABRICKS_UNAVAILABLE', true],
    [204, '', 'ANSWER_INVALID', true],
    [302, '', 'ANSWER_INVALID', true],
    [400, 'GIT_UNKNOWN_REF', 'DATABRICKS_REJECTED', false],
    [418, 'SOMETHING_NEW', 'DATABRICKS_REJECTED', false],
  ])('takes %i %s for %s, retryable: %s', (status, remote, code, retryable) => {
    const { failure, remoteCode } = said(status, remote);
    expect(failure).toMatchObject({ code, retryable });
    expect(remoteCode).toBe(remote);
    expect(failure.message).toContain(`${call}: ${status}`);
  });

  test.each([
    'com.databricks.backend.manager.util.UnknownWorkerEnvironmentException: Unknown worker environment 123',
    'workspace 1 does not have any associated worker environments',
    'There is no worker environment with id 7',
    'worker env WorkerEnvId(workerenv-1) not found',
    'ClusterNotReadyException: not ready',
    'Timed out after 15 seconds',
    'context deadline exceeded',
  ])('takes a workspace that says %j for one that starts', (message) => {
    expect(said(400, 'BAD_REQUEST', message).failure).toMatchObject({
      code: 'DATABRICKS_UNAVAILABLE',
      retryable: true,
    });
  });

  test.each([
    ['REST', { error_code: 'invalid_state', message: 'm' }, 'INVALID_STATE', 'm'],
    ['a number for a code', { error_code: 404, message: 'm' }, '404', 'm'],
    ['the legacy shape', { error: 'gone wrong' }, '', 'gone wrong'],
    ['SCIM', { detail: 'no such filter', status: '400', scimType: 'invalidFilter' }, 'INVALIDFILTER', 'no such filter'],
    ['a page', '<html><head></head><body><h1>Bad  Gateway</h1>\n</body></html>', '', 'Bad Gateway'],
    ['plain text', 'upstream connect error', '', 'upstream connect error'],
    ['nothing', '', '', ''],
    ['null', 'null', '', ''],
    ['a list', '[1]', '', ''],
    ['objects for texts', { error_code: {}, message: [] }, '', ''],
  ])('reads an error in the form of %s', (_what, body, code, message) => {
    const error = answered(400, body);
    expect(error.remoteCode).toBe(code);
    expect(error.failure.message).toBe(`${call}: 400 ${code} ${message}`.trim());
  });

  test('hands on the Retry-After', () => {
    expect(answered(429, '', '9').failure.retryAfterSeconds).toBe(9);
    expect(answered(429, '').failure).not.toHaveProperty('retryAfterSeconds');
  });

  test('is a failure of the table without secrets for any answer', () => {
    fc.assert(
      fc.property(fc.integer({ min: 300, max: 599 }), fc.oneof(fc.string(), fc.json()), (status, body) => {
        const { code, retryable } = toFailure(answered(status, body));
        expect(errorTable).toHaveProperty(code);
        expect(retryable && !('retryForSeconds' in errorTable[code])).toBe(false);
      }),
    );
    const leak = said(403, 'PERMISSION_DENIED', `${'x'.repeat(560)} dapi0123456789abcdef0123456789abcdef`);
    expect(JSON.stringify(leak.failure)).not.toMatch(/dapi|01234/);
    const page = answered(502, `<html>${'x'.repeat(150)} ${storageKey}</html>`);
    expect(JSON.stringify(page.failure)).not.toContain(storageKey.slice(0, 20));
  });
});

describe('isMissing', () => {
  test.each([
    [404, 'RESOURCE_DOES_NOT_EXIST', 'Job 1 does not exist.', true],
    [400, 'INVALID_PARAMETER_VALUE', 'Run 455644833 does not exist.', true],
    [400, 'INVALID_PARAMETER_VALUE', "Path (/x) doesn't exist.", true],
    [400, 'INVALID_PARAMETER_VALUE', 'run_id must be a number', false],
    [403, 'PERMISSION_DENIED', 'does not exist or you have no access', false],
    [500, 'INTERNAL_ERROR', 'container does not exist', false],
  ])('says of %i %s %j: %s', (status, code, message, missing) => {
    expect(isMissing(said(status, code, message))).toBe(missing);
  });

  test('says no of what is no answer of Databricks', () => {
    expect(isMissing(new Error('404 does not exist'))).toBe(false);
  });
});

describe('isExisting', () => {
  test.each([
    [400, 'RESOURCE_ALREADY_EXISTS', 'x', true],
    [409, 'ALREADY_EXISTS', 'x', true],
    [409, '', 'x', true],
    [400, '', 'Repo /Users/a/b already exists.', true],
    [400, 'INVALID_PARAMETER_VALUE', 'bad', false],
    [500, 'INTERNAL_ERROR', 'already exists', false],
  ])('says of %i %s %j: %s', (status, code, message, existing) => {
    expect(isExisting(said(status, code, message))).toBe(existing);
  });
});
