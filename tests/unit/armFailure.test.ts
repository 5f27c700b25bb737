import { createHttpHeaders, createPipelineRequest, RestError } from '@azure/core-rest-pipeline';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { armFailure, isResourceMissing } from '../../clients/armFailure.ts';
import { DeploymentError, RetryableError } from '../../domain/errors.ts';
import { errorTable } from '../../domain/errorTable.ts';

/** The error of the clients that leave the answer's text on it. */
function answered(status: number, body: unknown, headers: Record<string, string> = {}): RestError {
  const request = createPipelineRequest({ url: 'https://management.azure.com/x' });
  const bodyAsText = typeof body === 'string' ? body : JSON.stringify(body);
  return new RestError('Unexpected status', {
    statusCode: status,
    request,
    response: { status, request, headers: createHttpHeaders(headers), bodyAsText },
  });
}

const arm = (code: string, message = 'In ARM\u2019s words.'): object => ({ error: { code, message } });

describe('armFailure', () => {
  test.each([
    [403, 'AuthorizationFailed', 'AZURE_DENIED', true],
    [403, 'LinkedAuthorizationFailed', 'AZURE_DENIED', true],
    [401, 'InvalidAuthenticationToken', 'AZURE_DENIED', true],
    [403, 'RequestDisallowedByPolicy', 'POLICY_DENIED', false],
    [409, 'MissingSubscriptionRegistration', 'PROVIDER_NOT_REGISTERED', false],
    [409, 'Conflict', 'AZURE_UNAVAILABLE', true],
    [409, 'AnotherOperationInProgress', 'AZURE_UNAVAILABLE', true],
    [400, 'PrincipalNotFound', 'PRINCIPAL_NOT_FOUND', true],
    [404, 'ResourceNotFound', 'AZURE_REJECTED', false],
    [404, 'ResourceGroupNotFound', 'AZURE_REJECTED', false],
    [400, 'InvalidDatabricksSku', 'AZURE_REJECTED', false],
    [400, 'FeatureNotSupportedForServerlessWorkspace', 'AZURE_REJECTED', false],
    [429, 'SubscriptionRequestsThrottled', 'AZURE_THROTTLED', true],
    [408, 'RequestTimeout', 'AZURE_UNAVAILABLE', true],
    [500, 'InternalServerError', 'AZURE_UNAVAILABLE', true],
    [502, 'BadGateway', 'AZURE_UNAVAILABLE', true],
    [503, 'ServerTimeout', 'AZURE_UNAVAILABLE', true],
    [504, 'GatewayTimeout', 'AZURE_UNAVAILABLE', true],
    [302, 'Found', 'ANSWER_INVALID', true],
    [400, 'constructor', 'AZURE_REJECTED', false],
    [418, 'SomethingNew', 'AZURE_REJECTED', false],
  ])('takes %i %s for %s, retryable: %s', (status, remote, code, retryable) => {
    const { failure } = armFailure(answered(status, arm(remote)));
    expect(failure).toMatchObject({ code, retryable, cause: `${remote}: In ARM\u2019s words.` });
  });

  test('reads the code where the client has put it on the error itself', () => {
    const error = new RestError('The policy forbids it.', { statusCode: 403, code: 'RequestDisallowedByPolicy' });
    expect(armFailure(error).failure).toMatchObject({ code: 'POLICY_DENIED', message: 'The policy forbids it.' });
  });

  test('names the policy in the message and keeps Azure\u2019s words in the cause', () => {
    const info = { policyDefinitionDisplayName: 'Require a tag', policyAssignmentDisplayName: 'Tags of finance' };
    const message = "Resource 'ws' was disallowed by policy. See error details for policy resource IDs.";
    const additionalInfo = [{ type: 'PolicyViolation', info }];
    const error = answered(403, { error: { code: 'RequestDisallowedByPolicy', message, additionalInfo } });
    expect(armFailure(error).failure).toMatchObject({
      code: 'POLICY_DENIED',
      message: `Resource 'ws' is forbidden by the policy "Require a tag" (assignment "Tags of finance").`,
      cause: `RequestDisallowedByPolicy: ${message}`,
      retryable: false,
    });
  });

  test('hands on the Retry-After, also of a date', () => {
    const later = (header: string): RestError => answered(429, arm('TooManyRequests'), { 'Retry-After': header });
    expect(armFailure(later('17')).failure.retryAfterSeconds).toBe(17);
    const inTwoMinutes = new Date(Date.now() + 120_000).toUTCString();
    const seconds = armFailure(later(inTwoMinutes)).failure.retryAfterSeconds ?? 0;
    expect(seconds).toBeGreaterThan(110);
    expect(seconds).toBeLessThanOrEqual(120);
    expect(armFailure(later('soon')).failure).not.toHaveProperty('retryAfterSeconds');
  });

  test.each([
    ['a page', '<html><h1>404</h1></html>'],
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['an error that is a text', '{"error":"no"}'],
    ['an error without a code', '{"error":{}}'],
    ['a code that is no text', '{"error":{"code":404,"message":{"a":1}}}'],
    ['half an answer', '{"error":{"code":"Resou'],
  ])('does not take a 404 with %s for Resource Manager\u2019s word', (_what, body) => {
    const error = answered(404, body);
    expect(isResourceMissing(error)).toBe(false);
    expect(armFailure(error).failure).toMatchObject({ code: 'ANSWER_INVALID', retryable: true });
  });

  test('takes an unreachable Azure for a trouble that passes', () => {
    const error = new RestError('getaddrinfo ENOTFOUND', { code: 'ENOTFOUND' });
    expect(armFailure(error).failure).toMatchObject({ code: 'AZURE_UNAVAILABLE', retryable: true });
    expect(armFailure(error).failure.message).toContain('ENOTFOUND');
  });

  test.each(['AbortError', 'TimeoutError'])('takes an %s for an Azure that is late', (name) => {
    const error = Object.assign(new Error('The operation was aborted.'), { name });
    expect(armFailure(error).failure).toMatchObject({ code: 'AZURE_UNAVAILABLE', retryable: true });
  });

  test('leaves what is classified already as it is', () => {
    const error = new RetryableError('TOKEN_UNAVAILABLE', 'no token');
    expect(armFailure(error)).toBe(error);
  });

  test('gives a failure of the table, with no secret, for whatever is thrown or answered', () => {
    const body = fc.oneof(
      fc.json(),
      fc.string(),
      fc.record({ error: fc.object() }).map((value) => JSON.stringify(value)),
    );
    const errors = fc.oneof(
      fc.anything(),
      fc.tuple(fc.integer({ min: 200, max: 599 }), body).map(([status, text]) => answered(status, text)),
    );
    fc.assert(
      fc.property(errors, (error) => {
        const classified = armFailure(error);
        expect(classified).toBeInstanceOf(DeploymentError);
        expect(errorTable).toHaveProperty(classified.failure.code);
        expect(classified.failure.retryable && !('retryForSeconds' in errorTable[classified.failure.code])).toBe(false);
      }),
      { numRuns: 500 },
    );
    const leak = answered(403, arm('AuthorizationFailed', 'token eyJhbGciOiJub25lIn0.eyJzdWIiOiJjIn0.c2ln'));
    expect(JSON.stringify(armFailure(leak).failure)).not.toContain('eyJ');
  });
});

describe('isResourceMissing', () => {
  test.each([
    [404, 'ResourceNotFound', true],
    [404, 'NotFound', true],
    [404, 'ResourceGroupNotFound', false],
    [404, 'SubscriptionNotFound', false],
    [403, 'ResourceNotFound', false],
    [200, 'ResourceNotFound', false],
  ])('says of %i %s: %s', (status, code, missing) => {
    expect(isResourceMissing(answered(status, arm(code)))).toBe(missing);
  });

  test('says no of what is no answer', () => {
    expect(isResourceMissing(new Error('ResourceNotFound'))).toBe(false);
  });
});
