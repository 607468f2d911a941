import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ark } from '../../src/providers/ark.js';
import { anyfast } from '../../src/providers/anyfast.js';
import { kyyaipower } from '../../src/providers/kyyaipower.js';
import { parseWatchState } from '../../src/state/stored.js';
import { watchConfig } from '../../src/state/watch-config.js';
import { applyResult, startWatch, resumeWatch, type WatchState } from '../../src/state/watch-state.js';
import version1 from './stored/version-1.json' with { type: 'json' };
import { type Result, driven, good, noResponse, refusal, task, viaJson } from '../support/snapshots.js';

const config = watchConfig(ark);
const nowMs = 1_750_000_000_000;

const stateAfter = (...results: readonly Result[]): WatchState => {
  const begin = startWatch(task, config, nowMs);
  return driven(begin, results, config, { nowMs }).at(-1)?.state ?? begin;
};

const running = stateAfter(good('running', { progress: 0.4 }), refusal('server'));

type Fields = Record<string, unknown>;

/** The saved state with another value at a path, or without the value. */
const tampered = (path: string, value: unknown): unknown => {
  const saved = viaJson(running) as Fields;
  const names = path.split('.');
  const last = names.pop() ?? '';
  const inner = names.reduce<Fields>((record, name) => record[name] as Fields, saved);
  if (value === missing) Reflect.deleteProperty(inner, last);
  else inner[last] = value;
  return saved;
};

const missing = Symbol('missing');

const messageOf = (saved: unknown): string => {
  try {
    parseWatchState(saved);
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return String((error as TypeError).message);
  }
  throw new Error('it was taken for a state');
};

describe('a state of version 1', () => {
  const states = Object.entries(version1 as Readonly<Record<string, { readonly task: { readonly provider: string } }>>);

  it.each(states)('is read and resumed: %s', (_, old) => {
    const state = parseWatchState(JSON.stringify(old));
    const config = watchConfig(state.task.provider === 'anyfast' ? anyfast : ark);
    expect(parseWatchState(JSON.stringify(state))).toEqual(state);
    const atMs = state.nextPollAtMs;
    const steps = driven(resumeWatch(state, config, atMs), [good('succeeded')], config, { nowMs: atMs });
    expect(steps.at(-1)?.state.ended ?? state.ended).toBe('terminal');
  });

  it('keeps all its values under the current names', () => {
    expect(parseWatchState(version1['running-with-an-error'])).toMatchObject({
      version: 2,
      polls: 3,
      failureCount: 1,
      failingSinceMs: 1_782_900_075_000,
      polledAtMs: 1_782_900_075_000,
      nextPollAtMs: 1_782_900_085_000,
      firstSeenAtMs: 1_782_900_000_000,
      deadlineAtMs: 1_783_073_390_000,
      deadlineKind: 'provider',
      lastError: { kind: 'response', reason: 'server', status: 503, sameFailureCount: 1, sinceMs: 1_782_900_075_000 },
      snapshot: { status: 'running', providerStatus: 'running', providerDeadlineAtMs: 1_783_072_790_000 },
      ended: null,
    });
    expect(parseWatchState(version1['never-polled']).deadlineKind).toBe('given');
    expect(parseWatchState(version1['request-under-way']).sentAtMs).toBe(1_782_900_090_000);
    expect(parseWatchState(version1['wrong-key-twice']).unauthorizedCount).toBe(2);
    expect(parseWatchState(version1.succeeded)).toMatchObject({ ended: 'terminal', snapshot: { video: { expiresAtMs: 1_783_015_200_000 }, usage: { billedTokens: 108_900 } } });
    expect(parseWatchState(version1.failed)).toMatchObject({ task: { account: 'eu' }, snapshot: { failure: { code: 'InvalidParameter', reason: 'invalid-input' } } });
  });
});

describe('a deadline of version 1 from an implausible expiry', () => {
  it('is corrected by the next response', () => {
    const old = version1['running-with-an-error'];
    const madMs = old.snapshot.dueAtMs + 48_000 * 3_600_000;
    const state = parseWatchState({ ...old, deadlineAtMs: madMs + 600_000, snapshot: { ...old.snapshot, dueAtMs: madMs } });
    const config = watchConfig(ark);
    const next = applyResult(resumeWatch(state, config, state.nextPollAtMs), good('running', { providerDeadlineAtMs: old.snapshot.dueAtMs }), config, state.nextPollAtMs);
    expect(next).toMatchObject({ deadlineKind: 'provider', deadlineAtMs: old.snapshot.dueAtMs + 600_000 });
  });
});

describe('parseWatchState', () => {
  const states: readonly (readonly [string, WatchState])[] = [
    ['a new one', stateAfter()],
    ['one with an error', stateAfter(noResponse, refusal('not-found'))],
    ['a running one', running],
    ['one that has ended', stateAfter(good('running'), good('failed'))],
    ['one that could not find out', stateAfter(refusal('quota'), refusal('quota'))],
    ['one that succeeded without a link so far', stateAfter(good('running'), good('succeeded', { video: null }))],
    ['one that saw its task vanish', stateAfter(good('running'), refusal('not-found'), refusal('not-found'))],
    ['one of a named account', startWatch({ ...task, account: 'eu' }, config, nowMs)],
  ];

  it.each(states)('reads %s, from JSON and from parsed JSON', (_, state) => {
    expect(parseWatchState(JSON.stringify(state))).toEqual(state);
    expect(parseWatchState(viaJson(state))).toEqual(state);
    expect(parseWatchState(state)).toEqual(state);
  });

  it('reads a copy of a state, and JSON with white space', () => {
    expect(parseWatchState(JSON.stringify(running, null, 2))).toEqual(running);
    expect(parseWatchState({ ...running })).toEqual(running);
  });

  const texts = ['', ' ', '{', 'undefined', '<html></html>', '{"version":1', 'sk-12', '\u0000'];

  it.each(texts)('rejects a string that is not JSON: %j', (text) => {
    expect(messageOf(text)).toContain('WatchState');
    expect(messageOf(text)).toContain('JSON');
    expect(messageOf(text)).toContain(JSON.stringify(text));
  });

  it.each([['null', null], ['undefined', undefined], ['a number', 5], ['a list', []], ['true', true], ['a string in JSON', '"text"'], ['null in JSON', 'null']])(
    'refuses anything but a record: %s',
    (_, value) => {
      expect(messageOf(value)).toContain('WatchState');
    },
  );

  it('shows only the start of a long string', () => {
    expect(messageOf('x'.repeat(10_000)).length).toBeLessThan(200);
    expect(messageOf({ ...running, baseUrl: ['x'.repeat(10_000)] }).length).toBeLessThan(300);
  });

  it('rejects another version, and names it', () => {
    for (const version of [3, 0, '1', null]) {
      expect(messageOf(tampered('version', version))).toContain('version');
      expect(messageOf(tampered('version', version))).toContain(JSON.stringify(version));
    }
  });

  const required = [
    ...['version', 'task', 'baseUrl', 'startedAtMs', 'nextPollAtMs', 'task.provider', 'task.id'],
    ...['lastError.kind', 'lastError.message', 'snapshot.task', 'snapshot.status'],
  ];
  const fields = [
    ...required,
    ...['firstSeenAtMs', 'deadlineAtMs', 'deadlineKind', 'pollsBeforeDeadline', 'polls', 'lastError', 'failureCount', 'failingSinceMs', 'unauthorizedCount', 'snapshot'],
    ...['previousStatus', 'queuedUntilMs', 'unconfirmedSinceMs', 'progress', 'estimated', 'polledAtMs', 'sentAtMs', 'ended'],
    ...['lastError.status', 'lastError.sameFailureCount', 'lastError.sinceMs', 'snapshot.settings', 'snapshot.createdAtMs', 'snapshot.usage'],
  ];

  it.each(required)('rejects a state without %s, and names the field', (field) => {
    expect(messageOf(tampered(field, missing))).toMatch(new RegExp(`\\b${field.replaceAll('.', '\\.')}\\b.*missing`));
  });

  it.each(fields.filter((field) => !required.includes(field)))('accepts a state without %s and uses the default', (field) => {
    const state = parseWatchState(tampered(field, missing));
    const own = watchConfig(ark);
    expect(parseWatchState(JSON.stringify(state))).toEqual(state);
    expect(driven(resumeWatch(state, own, nowMs), [noResponse, good('running'), good('succeeded')], own, { nowMs })).not.toHaveLength(0);
  });

  it('drops unknown fields of a newer release', () => {
    const newer = viaJson(running) as { snapshot: Fields; lastError: Fields };
    const grown = { ...newer, mood: 1, snapshot: { ...newer.snapshot, thumbnail: 'x', settings: { ...(newer.snapshot['settings'] as Fields), camera: 'fixed' } }, lastError: { ...newer.lastError, hint: 'x' } };
    expect(parseWatchState(grown)).toEqual(running);
  });

  it.each(fields)('rejects a value of the wrong type for %s, and names field and value', (field) => {
    const wrong = field === 'lastError.message' || field === 'lastError.kind' || field === 'baseUrl' || /task\.(id|provider)$/.test(field) ? 7.25 : 'seven';
    const message = messageOf(tampered(field, wrong));
    expect(message).toMatch(new RegExp(`\\b${field.replaceAll('.', '\\.')}\\b`));
    expect(message).toContain(String(wrong));
  });

  const numbers = ['startedAtMs', 'deadlineAtMs', 'polls', 'failureCount', 'polledAtMs', 'sentAtMs', 'nextPollAtMs', 'lastError.sameFailureCount', 'lastError.sinceMs'];

  it.each(numbers)('rejects an invalid number for %s', (field) => {
    for (const value of [Number.NaN, Infinity, -Infinity]) expect(messageOf(tampered(field, value))).toContain(field);
  });

  it('shows the invalid number', () => {
    for (const value of [Number.NaN, Infinity, -Infinity]) {
      expect(messageOf(tampered('nextPollAtMs', value))).toContain(`not ${String(value)}`);
    }
  });

  it('names the field of a value that JSON cannot represent', () => {
    expect(messageOf(tampered('polls', 1n))).toContain('polls');
    const loop: Fields = {};
    loop['self'] = loop;
    expect(messageOf(tampered('polls', loop))).toContain('polls');
  });

  it('rejects unknown words', () => {
    for (const [field, word] of [['ended', 'finished'], ['snapshot.status', 'SUCCESS'], ['deadlineKind', 'mine'], ['previousStatus', 'gone']] as const) {
      expect(messageOf(tampered(field, word))).toContain(field);
      expect(messageOf(tampered(field, word))).toContain(`"${word}"`);
    }
  });

  const unusable: readonly (readonly [string, string, unknown])[] = [
    ['a resolution that is not a string', 'snapshot.settings.resolution', 480],
    ['a model that is not a string', 'snapshot.model', 5],
    ['a progress outside 0 to 1', 'progress', 7],
  ];

  it.each(unusable)('rejects a state that no watch can resume from: %s', (_, field, value) => {
    expect(messageOf(tampered(field, value))).toContain(field);
  });

  it('rejects an end that contradicts the snapshot', () => {
    expect(messageOf(tampered('ended', 'terminal'))).toMatch(/ended|snapshot/);
    expect(messageOf({ ...stateAfter(), ended: 'terminal' })).toMatch(/ended|snapshot/);
  });

  it('rejects a failed task without its failure', () => {
    const { failure: _, ...snapshot } = (viaJson(stateAfter(good('failed'))) as { snapshot: Fields }).snapshot;
    expect(messageOf({ ...stateAfter(good('failed')), snapshot })).toContain('failure');
  });

  it('drops links that are not http(s), and a video without its link', () => {
    const finished = stateAfter(good('succeeded'));
    const videoOf = (video: unknown) => parseWatchState({ ...finished, snapshot: { ...finished.snapshot, video } }).snapshot;
    for (const url of [5, 'javascript:alert(1)', 'data:text/html,x', 'https://user:pass@cdn.example/a.mp4', undefined]) expect(videoOf({ url })).toMatchObject({ video: null });
    const url = 'https://cdn.example/a.mp4';
    expect(videoOf({ url, lastFrameUrl: 'javascript:alert(1)', originalUrl: url })).toMatchObject({ video: { url, lastFrameUrl: null, originalUrl: url, expiresAtMs: null } });
    expect(messageOf({ ...finished, snapshot: { ...finished.snapshot, video: url } })).toContain('video');
  });

  it('rejects a snapshot of another task', () => {
    expect(messageOf(tampered('snapshot.task', { provider: 'ark', id: 'cgt-2' }))).toContain('snapshot.task');
  });

  it('returns a state to resume from, or throws a TypeError that begins with its name, for any value', () => {
    const anyValue = fc.oneof(fc.anything({ withBigInt: true, withNullPrototype: true }), fc.string(), fc.json());
    fc.assert(fc.property(anyValue, (value) => {
      expect(messageOf(value)).toMatch(/^WatchState: /);
    }));
  });

  it('returns a state that every provider can resume from, or throws a TypeError, for any value of any field', () => {
    const own = watchConfig(kyyaipower);
    fc.assert(fc.property(fc.constantFrom(...fields, 'snapshot.model', 'snapshot.settings.resolution', 'snapshot.settings.serviceTier'), fc.jsonValue(), (field, value) => {
      let state: WatchState;
      try {
        state = parseWatchState(tampered(field, value));
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError);
        return;
      }
      driven(resumeWatch(state, own, nowMs), [noResponse, good('running')], own, { nowMs });
    }));
  });
});
