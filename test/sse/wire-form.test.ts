import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeFailure, decodeRows, encodeFailure } from '../../src/sse/wire-form.js';
import { errorAs, type SeedanceError, watchErrorOf } from '../../src/state/errors.js';
import { rowFrom, type TaskRow } from '../../src/feed/feed.js';
import type { FeedEvent } from '../../src/feed/watch-tasks.js';
import { watchConfig } from '../../src/state/watch-config.js';
import { startWatch } from '../../src/state/watch-state.js';
import { ark } from '../../src/providers/ark.js';
import { anyFeedEvent, anySnapshot } from '../support/arbitraries.js';
import { driven, good, refusal } from '../support/snapshots.js';
import { dataOf, errored, feedAfter, feedsOf, refOf, to } from './feeds.js';

const rowAfter = (...events: readonly FeedEvent[]): TaskRow => {
  const { changed } = feedAfter(...events);
  if (changed === null) throw new Error('no row');
  return changed;
};

const encoded = (...rows: readonly TaskRow[]): string => dataOf(rows);

/** What a page gets of a row. */
const withoutRequest = (row: TaskRow): TaskRow => (row.snapshot === null ? row : rowFrom({ ...row, snapshot: { ...row.snapshot, request: null } }));

const roundTrip = (row: TaskRow): TaskRow => {
  const [back] = decodeRows(encoded(row)).rows;
  if (back === undefined) throw new Error('no row');
  return back;
};

/** An error of a watch: the task was seen, and then its polls were refused. */
const refused = (): SeedanceError => {
  const config = watchConfig(ark, {});
  const states = driven(startWatch(refOf('a'), config, 0), [good('running', { task: refOf('a') }), refusal('quota'), refusal('quota')], config, { nowMs: 0 });
  return errorAs('response', states.at(-1)!.state);
};

describe('a row on the wire', () => {
  it('comes back as it was, without the echo of its request', () => {
    fc.assert(fc.property(fc.array(anyFeedEvent, { minLength: 1, maxLength: 20 }), (events) => {
      const rows = [...(feedsOf(events).at(-1)?.tasks ?? [])];
      expect(decodeRows(encoded(...rows))).toEqual({ removed: [], rows: rows.map(withoutRequest) });
    }));
  });

  it('comes back with the rest of its snapshot', () => {
    fc.assert(fc.property(anySnapshot, (snapshot) => {
      expect(roundTrip(rowFrom({ ...rowAfter(to('queued', 'a')), status: snapshot.status, snapshot })).snapshot).toEqual({ ...snapshot, request: null });
    }));
  });

  it('is one line, whatever it holds', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
      const line = dataOf([{ ...rowAfter(to('queued', 'a')), task: refOf(text) }], [refOf(text)]);
      expect(line).not.toMatch(/[\r\n]/);
      expect(decodeRows(line)).toMatchObject({ removed: [refOf(text)], rows: [{ task: refOf(text) }] });
    }));
  });

  it('brings back why a task could not be followed, but not the state to resume from', () => {
    const error = refused();
    expect(roundTrip(rowAfter(to('running', 'a'), errored('a', error))).error).toEqual({
      kind: 'response', message: error.message, reason: 'quota', status: 429, state: null,
    });
  });

  it('holds nothing of any other error but its message', () => {
    const error = Object.assign(new TypeError('no such account', { cause: 'sk-secret' }), { request: { authorization: 'sk-secret' } });
    const row = rowAfter(errored('a', error));
    expect(encoded(row)).not.toMatch(/sk-secret|\.ts:/);
    expect(roundTrip(row).error).toEqual({ kind: 'invalid', message: 'no such account', reason: null, status: null, state: null });
  });

  it('holds no raw, even if a caller passes one against the types', () => {
    const raw = { body: 'raw-body' };
    const snapshot = { ...rowAfter(to('running', 'a')).snapshot!, raw };
    const error = watchErrorOf(refused());
    const text = encoded(rowFrom({ ...rowAfter(to('running', 'a')), snapshot, error: { ...error, state: { ...error.state!, snapshot } } }));
    expect(text).not.toContain('raw-body');
    expect(text).not.toContain('"raw"');
    const spoilt = JSON.stringify({ version: 1, rows: [{ ...rowAfter(to('running', 'a')), snapshot }] });
    expect(spoilt).toContain('raw-body');
    expect(decodeRows(spoilt).rows[0]?.snapshot).not.toHaveProperty('raw');
  });

  it('holds only the fields of a ref that name the task', () => {
    const task = { ...refOf('a'), account: 'eu', owner: 'owner-of-the-task' };
    const snapshot = { ...rowAfter(to('running', 'a')).snapshot!, task };
    const error = watchErrorOf(refused());
    const row = rowFrom({ ...rowAfter(to('running', 'a')), task, snapshot, error: { ...error, state: { ...error.state!, task, snapshot } } });
    const text = dataOf([row], [task]);
    expect(text).not.toContain('owner');
    const { removed, rows: [seen] } = decodeRows(text);
    expect([removed[0], seen?.task, seen?.snapshot?.task]).toEqual(Array(3).fill({ provider: 'ark', id: 'a', account: 'eu' }));
  });

  it('has no link that is not http(s)', () => {
    const video = { url: 'javascript:alert(1)', lastFrameUrl: null, originalUrl: null, expiresAtMs: null };
    const { snapshot } = rowAfter(to('succeeded', 'a'));
    const text = (links: object): string => JSON.stringify({ version: 1, rows: [{ ...rowAfter(to('succeeded', 'a')), snapshot: { ...snapshot, video: { ...video, ...links } } }] });
    expect(decodeRows(text({})).rows[0]?.snapshot).toMatchObject({ video: null });
    expect(decodeRows(text({ url: 'https://a.example/1', lastFrameUrl: 'javascript:1' })).rows[0]?.snapshot).toMatchObject({ video: { url: 'https://a.example/1', lastFrameUrl: null } });
  });

  it('may hold unknown fields, and omit those that are null', () => {
    const { task, progress, estimated } = rowAfter(to('queued', 'a'));
    expect(decodeRows(JSON.stringify({ version: 1, novelty: 1, rows: [{ task, progress, estimated, novelty: 1 }] }))).toEqual({
      removed: [],
      rows: [{
        task, status: null, snapshot: null, progress, estimated, forecast: null, addedAtMs: 0, statusSinceMs: 0, endedAtMs: null, lastError: null, nextPollAtMs: null, error: null,
      }],
    });
  });

  const row = JSON.parse(JSON.stringify(rowAfter(to('failed', 'a')))) as Record<string, unknown> & { snapshot: object };
  it.each([
    ['no JSON', 'the data must be JSON, not "<html>"', '<html>'],
    ['a list', 'the data must be an object, not []', '[]'],
    ['another version', 'version must be 1, not 2', { version: 2, rows: [] }],
    ['no version', 'version must be 1, not missing', { rows: [] }],
    ['no rows', 'rows must be an array, not missing', { version: 1 }],
    ['a row that is null', 'rows[1] must be an object, not null', { version: 1, rows: [row, null] }],
    ['no task', 'rows[0].task must be an object, not missing', { version: 1, rows: [{ ...row, task: undefined }] }],
    ['no id', 'rows[0].task.id must be a string, not 7', { version: 1, rows: [{ ...row, task: { provider: 'ark', id: 7 } }] }],
    ['another status', 'rows[0].status must be queued | running | succeeded | failed | cancelled | expired | unknown, not "done"', { version: 1, rows: [{ ...row, status: 'done' }] }],
    ['the status of another snapshot', 'rows[0].status must be that of its snapshot, not "queued"', { version: 1, rows: [{ ...row, status: 'queued' }] }],
    ['too much progress', 'rows[0].progress must be a number from 0 to 1, not 1.5', { version: 1, rows: [{ ...row, progress: 1.5 }] }],
    ['settings that are a number', 'rows[0].snapshot.settings must be an object, not 7', { version: 1, rows: [{ ...row, snapshot: { ...row.snapshot, settings: 7 } }] }],
    ['a failure without a message', 'rows[0].snapshot.failure.message must be a string, not missing', { version: 1, rows: [{ ...row, snapshot: { ...row.snapshot, failure: {} } }] }],
    ['a video that is a number', 'rows[0].snapshot.video must be an object, not 7', { version: 1, rows: [{ ...row, snapshot: { ...row.snapshot, status: 'succeeded', video: 7 } }] }],
    ['an error of no kind', 'rows[0].error.kind must be a string, not missing', { version: 1, rows: [{ ...row, error: { message: 'x' } }] }],
    ['a forecast without an end', 'rows[0].forecast.latestEndAtMs must be a finite number, not missing', { version: 1, rows: [{ ...row, forecast: { fromMs: 0, fromProgress: 0, earliestEndAtMs: 0 } }] }],
    ['a removed task without an id', 'removed[0].id must be a string, not missing', { version: 1, removed: [{ provider: 'ark' }], rows: [] }],
    ['a last error of no kind', 'rows[0].lastError.kind must be a string, not missing', { version: 1, rows: [{ ...row, lastError: {} }] }],
    ['a last error without a message', 'rows[0].lastError.message must be a string, not missing', { version: 1, rows: [{ ...row, lastError: { kind: 'transport' } }] }],
  ])('is refused with the name of the field: %s', (_, message, data) => {
    expect(() => decodeRows(typeof data === 'string' ? data : JSON.stringify(data))).toThrow(new TypeError(message));
  });

  it('with any value in a field gives rows or a TypeError', () => {
    const anyField = fc.constantFrom('task', 'status', 'snapshot', 'progress', 'estimated', 'forecast', 'addedAtMs', 'statusSinceMs', 'endedAtMs', 'lastError', 'nextPollAtMs', 'error');
    fc.assert(fc.property(anyField, fc.jsonValue(), (field, value) => {
      const text = JSON.stringify({ version: 1, rows: [{ ...row, [field]: value }] });
      try {
        expect(decodeRows(text).rows).toHaveLength(1);
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError);
        // A status and a snapshot that do not fit are told by the status.
        expect((error as TypeError).message).toMatch(field === 'snapshot' ? /^rows\[0\]\.(?:snapshot|status)/ : new RegExp(`^rows\\[0\\]\\.${field}`));
      }
    }));
  });
});

describe('a failure on the wire', () => {
  it('brings its message, whatever was thrown', () => {
    expect(decodeFailure(encodeFailure(new Error('it\nbroke')))).toBe('it\nbroke');
    expect(decodeFailure(encodeFailure('a string'))).toBe('a string');
    expect(() => decodeFailure('{"version":1}')).toThrow('message must be a string, not missing');
  });
});
