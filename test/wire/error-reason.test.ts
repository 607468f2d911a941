/**
 * Which errors each dialect recognises as the API's own, by shape and documented codes. Any other body says nothing about a task.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import { kyyaipower } from '../../src/providers/kyyaipower.js';
import { powertokens } from '../../src/providers/powertokens.js';
import { xingchao } from '../../src/providers/xingchao.js';
import { yescale } from '../../src/providers/yescale.js';
import type { Provider } from '../../src/wire/provider.js';
import { anyJsonText } from '../support/arbitraries.js';

const all: readonly Provider[] = [ark, powertokens, yescale, kyyaipower, xingchao, anyfast];

const reasonOf = (provider: Provider, status: number, body: unknown): unknown => {
  const result = provider.read({ provider: provider.id, id: 'requested' }, { status, headers: {}, body: typeof body === 'string' ? body : JSON.stringify(body) });
  return result._tag === 'Left' ? (result.left.kind === 'response' ? result.left.reason : 'decode') : result.right.snapshot.status;
};

const final: readonly unknown[] = ['not-found', 'forbidden', 'rejected'];

const arkError = (code: string, message = 'no') => ({ error: { code, message, param: '', type: 'BadRequest' } });
const newApiError = (fields: object) => ({ error: { code: '', message: 'no', type: 'new_api_error', ...fields } });

describe.each([ark, powertokens, yescale].map((provider) => [provider.id, provider] as const))('the own errors of %s', (_, provider) => {
  it.each([
    [404, 'ResourceNotFound', 'not-found'],
    [404, 'NotFound.', 'not-found'],
    [404, 'NotFound.Task', 'not-found'],
    [404, 'TaskNotFound', 'not-found'],
    [400, 'ResourceNotFound', 'not-found'],
    [200, 'ResourceNotFound', 'not-found'],
    [404, 'ModelNotOpen', 'not-found'],
    [404, 'InvalidEndpointOrModel.NotFound', 'not-found'],
    [403, 'AccessDenied', 'forbidden'],
    [403, 'OperationDenied.ServiceNotOpen', 'forbidden'],
    [403, 'AccountOverdueError', 'forbidden'],
    [400, 'InvalidParameter.TaskTypeMismatch', 'rejected'],
    [400, 'InvalidParameter', 'rejected'],
    [400, 'MissingParameter.model', 'rejected'],
    [400, 'InvalidEndpoint.ClosedEndpoint', 'rejected'],
    [400, 'InputTextSensitiveContentDetected.PolicyViolation', 'rejected'],
    [400, 'InputImageRiskDetection', 'rejected'],
    [409, 'InvalidAction.RunningTaskDeletion', 'rejected'],
    [401, 'AuthenticationError', 'unauthorized'],
    [200, 'InvalidParameter', 'rejected'],
    [200, 'AccessDenied', 'forbidden'],
    [503, 'ResourceNotFound', 'server'],
    [408, 'InvalidParameter', 'server'],
  ])('HTTP %i, code %s: %s', (status, code, reason) => {
    expect(reasonOf(provider, status, arkError(code))).toBe(reason);
  });

  it.each([400, 403, 404, 409, 410, 422, 200])('HTTP %i with an undocumented code is server', (status) => {
    for (const code of ['', 'Odd', 'not_found', 'NoResourceNotFound', 'Forbidden', '404', 'resource_not_found']) expect(reasonOf(provider, status, arkError(code))).toBe('server');
    for (const body of [{ code: 'ResourceNotFound', message: 'no' }, { error: 'ResourceNotFound' }]) expect(reasonOf(provider, status, body)).toBe('server');
  });
});

describe.each([anyfast, yescale].map((provider) => [provider.id, provider] as const))("new-api's own errors, of %s", (_, provider) => {
  it.each([
    [400, { code: 'task_not_exist', message: 'task_not_exist', data: null }, 'not-found'],
    [404, { code: 'task_not_exist', message: 'no', status_code: 404 }, 'not-found'],
    [200, { code: 'task_not_exist', message: 'task_not_exist', data: null }, 'not-found'],
    [404, newApiError({ code: 'task_not_exist' }), 'not-found'],
    [404, newApiError({}), 'not-found'],
    [404, newApiError({ message: 'Invalid URL (GET /v1/x)', type: 'invalid_request_error' }), 'server'],
    [404, newApiError({ message: 'Invalid URL (GET /v1/x)' }), 'server'],
    [403, newApiError({}), 'forbidden'],
    [400, newApiError({}), 'rejected'],
    [400, newApiError({ type: 'invalid_request_error' }), 'rejected'],
    [451, { code: 'fail_to_fetch_task', message: 'blocked', data: null }, 'rejected'],
    [404, { code: 'channel_not_found', message: 'no', data: null }, 'rejected'],
    [200, { code: 'fail_to_fetch_task', message: 'the channel is off', data: null }, 'rejected'],
    [409, { code: 'task_not_cancellable', message: 'it runs', status_code: 409 }, 'rejected'],
    [401, newApiError({}), 'unauthorized'],
    [401, { code: null, message: 'invalid token', param: '', type: 'new_api_error' }, 'unauthorized'],
    [400, { code: null, message: 'no', param: '', type: 'new_api_error' }, 'rejected'],
    [403, { code: null, message: 'no', param: '', type: 'new_api_error' }, 'forbidden'],
    [404, { code: null, message: 'no', param: '', type: 'new_api_error' }, 'not-found'],
    [404, { code: null, message: 'Invalid URL (GET /v1/x)', param: '', type: 'new_api_error' }, 'server'],
    [429, newApiError({}), 'rate-limited'],
    [500, newApiError({ code: 'get_task_failed' }), 'server'],
    [503, { code: 'task_not_exist', message: 'no', data: null }, 'server'],
    [200, newApiError({}), 'server'],
  ])('HTTP %i, %j: %s', (status, body, reason) => {
    expect(reasonOf(provider, status, body)).toBe(reason);
  });

  it.each([400, 403, 404, 422])('HTTP %i in another shape is server', (status) => {
    for (const body of [newApiError({ type: 'upstream_error' }), newApiError({ type: null }), { code: 'odd', message: 'no', data: null }, { code: 404, message: 'no', data: null }, { code: 'fail_to_fetch_task', message: 'no' }]) {
      expect(reasonOf(provider, status, body)).toBe('server');
    }
  });
});

describe.each([kyyaipower, xingchao].map((provider) => [provider.id, provider] as const))('the own errors of %s', (_, provider) => {
  it.each([
    [404, { code: 404, msg: 'no', data: null }, 'not-found'],
    [404, { code: -1, msg: 'no', data: null }, 'not-found'],
    [403, { code: 1001, msg: 'no' }, 'forbidden'],
    [400, { code: '1001', msg: 'no' }, 'rejected'],
    [200, { code: 404, msg: 'no', data: null }, 'not-found'],
    [200, { code: '403', msg: 'no', data: null }, 'forbidden'],
    [200, { code: 400, msg: 'no', data: null }, 'rejected'],
    [200, { code: 401, msg: 'no', data: null }, 'unauthorized'],
    [200, { code: 429, msg: 'no', data: null }, 'rate-limited'],
    [200, { code: 408, msg: 'no', data: null }, 'server'],
    [200, { code: 500, msg: 'no', data: null }, 'server'],
    [200, { code: 1001, msg: 'no', data: null }, 'server'],
    [200, { code: -1, msg: 'no', data: null }, 'server'],
    [200, { code: 4040, msg: 'no', data: null }, 'server'],
    [401, { code: 401, msg: 'no' }, 'unauthorized'],
    [500, { code: 404, msg: 'no' }, 'server'],
  ])('HTTP %i, %j: %s', (status, body, reason) => {
    expect(reasonOf(provider, status, body)).toBe(reason);
  });

  it.each([400, 403, 404, 200])('HTTP %i in another shape is server', (status) => {
    for (const body of [{ code: 404, message: 'no' }, { code: 'not_found', msg: 'no' }, { error: { message: 'not found', type: 'invalid_request_error' } }, { error: { code: 404, msg: 'no' } }]) {
      expect(reasonOf(provider, status, body)).toBe('server');
    }
  });
});

describe('an error of another server', () => {
  const foreign: readonly string[] = [
    ...['', '404 page not found\n', '<html><title>404 Not Found</title></html>', '{}', '[]', 'null', '"not found"', '{"message":"no Route matched with those values"}'],
    ...['{"type":"about:blank","title":"Not Found","status":404,"detail":"no such task"}', '{"timestamp":1,"status":404,"error":"Not Found","message":"no task","path":"/x"}'],
    ...['{"status":"fail","message":"not found"}', '{"error":"not found"}', '{"error":{"code":404,"message":"not found","status":"NOT_FOUND"}}', '{"error":{"message":"not found"}}'],
    ...['{"success":false,"message":"not found"}', '{"code":5,"message":"Not Found","details":[]}', '{"error_code":"404","error_msg":"no API"}', '{"detail":"Not Found"}'],
  ];

  it.each(foreign)('ends no watch: %j', (body) => {
    for (const provider of all) for (const status of [400, 403, 404, 405, 409, 410, 421, 451]) expect(reasonOf(provider, status, body), `${provider.id} ${status}`).toBe('server');
  });

  it('is unauthorized under 401 and quota under 402, whatever the body', () => {
    fc.assert(fc.property(fc.oneof(fc.constantFrom(...foreign), anyJsonText, fc.string()), (body) => {
      for (const provider of all) expect([reasonOf(provider, 401, body), reasonOf(provider, 402, body)]).toEqual(['unauthorized', 'quota']);
    }));
  });

  it('is never final under 3xx, 408, 425 and 5xx, whatever the body', () => {
    const own = [arkError('ResourceNotFound'), newApiError({ code: 'task_not_exist' }), { code: 404, msg: 'no' }].map((body) => JSON.stringify(body));
    fc.assert(fc.property(fc.oneof(fc.constantFrom(...own), anyJsonText), fc.constantFrom(300, 301, 302, 307, 308, 408, 425, 500, 502, 503, 504, 520, 530), (body, status) => {
      for (const provider of all) expect(final).not.toContain(reasonOf(provider, status, body));
    }));
  });
});
