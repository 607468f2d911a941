import fc from 'fast-check';
import { EMPTY, NEVER, of, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type HttpRequest, type HttpResponse, TransportError } from '../../src/transport/transport.js';
import { exchangeTime, completeResponse } from '../../src/transport/exchange.js';
import { marbles } from '../support/marbles.js';

const a: HttpResponse = { status: 200, headers: {}, body: '{}' };
const request: HttpRequest = { method: 'GET', url: 'https://ark.example', headers: { authorization: 'Bearer sk-1' } };
const late = new TransportError('Request failed: no response within 5 ms (timeoutMs)', 'unknown');

const messageOf = (error: unknown, withRequest = request): unknown => {
  let message: unknown;
  throwError(() => error).pipe(completeResponse(withRequest, exchangeTime(5))).subscribe({ error: (shown: Error) => { message = shown.message; } });
  return message;
};

describe('completeResponse', () => {
  it('passes on a response in time, and stops the timeout', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const response = cold('      ---(a|)', { a });
    const subscribed = '            ^--!';
    expectObservable(response.pipe(completeResponse(request, exchangeTime(5)))).toBe('---(a|)', { a });
    expectSubscriptions(response.subscriptions).toBe(subscribed);
  }));

  it('fails when the response takes too long', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const response = cold('      --------(a|)', { a });
    const subscribed = '            ^----!';
    expectObservable(response.pipe(completeResponse(request, exchangeTime(5)))).toBe('-----#', undefined, late);
    expectSubscriptions(response.subscriptions).toBe(subscribed);
  }));

  it('is cancelled with its subscription', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const response = cold<HttpResponse>('-----');
    const subscribed = '            ^-!';
    expectObservable(response.pipe(completeResponse(request, exchangeTime(5))), subscribed).toBe('---');
    expectSubscriptions(response.subscriptions).toBe(subscribed);
  }));

  it('gives each subscription its own timeout', marbles(({ expectObservable }) => {
    const response = NEVER.pipe(completeResponse(request, exchangeTime(5)));
    expectObservable(response).toBe('     -----#', undefined, late);
    expectObservable(response, '--^').toBe('-------#', undefined, late);
  }));

  it('passes on an empty stream and a synchronous response', marbles(({ expectObservable }) => {
    expectObservable(EMPTY.pipe(completeResponse(request, exchangeTime(5)))).toBe('|');
    expectObservable(of(a).pipe(completeResponse(request, exchangeTime(5)))).toBe('(a|)', { a });
  }));

  it.each<readonly [unknown, string]>([
    [new Error('other side closed'), 'other side closed'],
    [Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' }), 'other side closed (UND_ERR_SOCKET)'],
    [Object.assign(new Error('connect ECONNREFUSED ::1:80'), { code: 'ECONNREFUSED' }), 'connect ECONNREFUSED ::1:80'],
    [Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    [new TypeError('fetch failed', { cause: new Error('read ECONNRESET') }), 'read ECONNRESET'],
    [Object.assign(new Error('sk-1 is no header'), { code: 'ERR_INVALID' }), 'ERR_INVALID'],
    [Object.assign(new Error('quiet'), { code: 'sk-1' }), 'quiet'],
    [new TypeError('sk-1 is no header'), 'TypeError'],
    [Object.assign(new Error('sk-1'), { code: 'sk-1', name: 'sk-1' }), 'unknown reason'],
    [Object.assign(new Error('quiet'), { cause: null }), 'quiet'],
    ['sk-1', 'unknown reason'],
    [null, 'unknown reason'],
    [undefined, 'unknown reason'],
  ])('reports %o as: %s', (error, reason) => {
    expect(messageOf(error)).toBe(`Request failed: ${reason}`);
  });

  it('a blank header hides no reason', () => {
    const bare = { ...request, headers: { accept: '', authorization: ' Bearer  sk-1 ' } };
    expect(messageOf(new Error('other side closed'), bare)).toBe('Request failed: other side closed');
    expect(messageOf(new Error('no header: sk-1'), bare)).toBe('Request failed: Error');
  });

  it('shows no word of a header, wherever an error quotes it', () => {
    const anyKey = fc.stringMatching(/^sk-[0-9]{6,12}$/);
    const anyQuote = fc.tuple(fc.string(), fc.string());
    fc.assert(fc.property(anyKey, anyQuote, fc.constantFrom('message', 'code', 'name', 'cause'), (key, [before, after], field) => {
      const quote = `${before}${key}${after}`;
      const error = Object.assign(new Error('failed'), { [field]: field === 'cause' ? new Error(quote) : quote });
      expect(messageOf(error, { ...request, headers: { authorization: `Bearer ${key}` } })).not.toContain(key);
    }));
  });
});
