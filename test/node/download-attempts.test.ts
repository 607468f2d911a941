import { asyncScheduler, concat, defer, EMPTY, ignoreElements, interval, lastValueFrom, map, NEVER, type Observable, of, throwError, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { attempts, type DownloadPlan } from '../../src/node/download-attempts.js';
import { LinkRefusedError, ConnectionError } from '../../src/node/download-connections.js';
import { DownloadError, isDownloadError } from '../../src/node/download-error.js';
import type { Held } from '../../src/node/file-response.js';
import { RejectedFileError } from '../../src/node/file-check.js';
import { exponentialDelay } from '../../src/poll/delay-policy.js';
import { record, inVirtualTime, minutes, seconds } from '../support/client.js';

const held = (receivedBytes: number): Held => ({ receivedBytes, totalBytes: 100, validator: '"a"' });
const bytes = (...counts: readonly number[]): Observable<Held> => of(...counts.map(held));
const cut = throwError(() => new ConnectionError('it was cut'));
const refused = throwError(() => new LinkRefusedError('it is refused'));
const wrong = throwError(() => new RejectedFileError('it is a page'));
const after = <T>(ms: number, what: Observable<T>): Observable<T> => concat(timer(ms).pipe(ignoreElements()), what);

/** No other download waits. */
const pause = (wait: Observable<unknown>): Observable<null> => wait.pipe(map(() => null));

/** Plays one connection after another, and repeats the last one. Gives what the attempts emitted, and when each connection was opened with which link. */
const play = (connections: readonly Observable<Held>[], plan: Partial<DownloadPlan> = {}, { first = 0, untilMs }: { readonly first?: number; readonly untilMs?: number } = {}) =>
  inVirtualTime(({ flush, timers }) => {
    const opened: string[] = [];
    const open = (url: string): Observable<Held> =>
      defer(() => {
        opened.push(`${String(asyncScheduler.now() / 1000)}s ${url}`);
        return connections[Math.min(opened.length, connections.length) - 1] ?? NEVER;
      });
    const defaults = { path: 'a.mp4', url: 'old', renew: null, giveUpAfterMs: minutes(15), idleTimeoutMs: seconds(30), minBytesPerSecond: 1, speedWindowMs: seconds(60), pause };
    const retry = exponentialDelay({ initialMs: 1000, maxMs: 60_000 });
    const seen = record(attempts({ held: () => held(first) }, { ...defaults, retry, ...plan }, open), ({ receivedBytes }) => receivedBytes, untilMs);
    flush();
    return { lines: seen.lines, error: seen.error, opened, timers: timers() };
  });

const failure = (error: unknown): string => (isDownloadError(error) ? `${error.kind}: ${error.message}` : String(error));

describe('attempts at a download', () => {
  it('back off up to the maximum delay, until all bytes are received', () => {
    const { lines, opened, timers } = play([...Array.from({ length: 8 }, () => cut), bytes(50, 100)]);
    expect(opened).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183].map((time) => `${String(time)}s old`));
    expect(lines).toEqual(['183s 50', '183s 100', '183s |']);
    expect(timers).toBe(0);
  });

  it('reset the backoff with each new byte', () => {
    const { opened } = play([cut, cut, concat(bytes(10), cut), cut, concat(bytes(20), cut), bytes(100)]);
    expect(opened).toEqual(['0s old', '1s old', '3s old', '4s old', '6s old', '7s old']);
  });

  it('do not count a byte as new that was already received', () => {
    const { opened } = play([concat(bytes(10), cut), concat(bytes(0, 10), cut), concat(bytes(5), cut), bytes(100)]);
    expect(opened).toEqual(['0s old', '1s old', '3s old', '7s old']);
  });

  it('do not count a byte as new that an earlier process has received', () => {
    const { opened } = play([concat(bytes(60), cut), concat(bytes(61), cut), cut, bytes(100)], {}, { first: 60 });
    expect(opened).toEqual(['0s old', '1s old', '2s old', '4s old']);
  });

  it('abort a connection that sends no data, before its first byte and after one', () => {
    const { opened, lines } = play([NEVER, concat(bytes(10), NEVER), after(29_999, bytes(100))]);
    expect(opened).toEqual(['0s old', '31s old', '62s old']);
    expect(lines).toEqual(['31s 10', '91.999s 100', '91.999s |']);
  });

  /** A byte every so many seconds. */
  const drip = (everyMs: number): Observable<Held> => interval(everyMs).pipe(map((index) => held(index + 1)));

  it('close a connection that is slower than the least speed, and give up a host that stays slow', () => {
    const { error, opened } = play([drip(seconds(29))]);
    expect(opened.slice(0, 4)).toEqual(['0s old', '61s old', '123s old', '187s old']);
    expect(failure(error)).toMatch(/^interrupted: a\.mp4: given up at byte 0 after \d+ failures in a row: only 2 bytes in 60000 ms$/);
    expect(opened.length).toBeLessThan(15);
  });

  it('measure each window, and count from the start of the file when it starts over', () => {
    const fast = concat(bytes(0, 60), after(seconds(25), bytes(61)), after(seconds(25), bytes(62)));
    const slowLater = concat(fast, after(seconds(25), bytes(63)), after(seconds(25), bytes(64)), after(seconds(25), bytes(65)));
    expect(play([slowLater, bytes(100)], {}, { first: 90 }).opened).toEqual(['0s old', '121s old']);
  });

  it('reset the backoff once a slow host is fast enough', () => {
    const fast = concat(bytes(70), cut);
    expect(play([drip(seconds(20)), drip(seconds(20)), fast, bytes(100)]).opened).toEqual(['0s old', '61s old', '123s old', '124s old']);
  });

  it('allow any speed with a least speed of 0', () => {
    expect(play([concat(after(seconds(29), bytes(1)), after(seconds(29), bytes(2)), after(seconds(29), bytes(100)))], { minBytesPerSecond: 0 }).opened).toEqual(['0s old']);
  });

  it('allow an idle timeout of any length', async () => {
    const plan: DownloadPlan = { path: 'a.mp4', url: 'old', renew: null, retry: () => 'stop', giveUpAfterMs: 1, idleTimeoutMs: Number.MAX_SAFE_INTEGER, minBytesPerSecond: 0, speedWindowMs: Number.MAX_SAFE_INTEGER, pause };
    const open = (): Observable<Held> => after(20, bytes(100));
    expect(await lastValueFrom(attempts({ held: () => held(0) }, plan, open))).toEqual(held(100));
  });

  it('wait as long as the host requests, up to ten minutes', () => {
    const busy = (ms: number): Observable<never> => throwError(() => new ConnectionError('busy', ms));
    expect(play([busy(500), busy(7_000), busy(minutes(90)), bytes(100)]).opened).toEqual(['0s old', '1s old', '8s old', '608s old']);
  });

  it('stop after giveUpAfterMs, but not before the fifth consecutive failure', () => {
    const long = play([cut]);
    expect(long.lines.at(-1)).toBe('903s #');
    expect(failure(long.error)).toBe('interrupted: a.mp4: given up at byte 0 after 21 failures in a row: it was cut');
    const short = play([cut], { giveUpAfterMs: 1 });
    expect(short.opened).toHaveLength(5);
    expect(failure(short.error)).toBe('interrupted: a.mp4: given up at byte 0 after 5 failures in a row: it was cut');
  });

  it('stop when the policy stops', () => {
    expect(failure(play([cut], { retry: () => 'stop' }).error)).toBe('interrupted: a.mp4: given up at byte 0 after 1 failures in a row: it was cut');
  });

  it('use a fresh link as soon as it arrives', () => {
    const { opened, lines } = play([concat(bytes(40), refused), bytes(100)], { renew: after(seconds(12), of('new')) });
    expect(opened).toEqual(['0s old', '12s new']);
    expect(lines).toEqual(['0s 40', '12s 100', '12s |']);
  });

  it('fetch fresh links for five minutes: the first at once, then after longer and longer delays', () => {
    const { error, opened } = play([refused], { renew: of('new') });
    expect(failure(error)).toBe('refused: a.mp4: it is refused');
    expect(opened).toEqual(['0s old', ...[0, 2, 6, 14, 30, 62, 122, 182, 242, 302].map((time) => `${String(time)}s new`)]);
  });

  it('fetch a fresh link at once again after new bytes', () => {
    expect(play([refused, concat(bytes(10), refused), bytes(100)], { renew: of('new') }).opened).toEqual(['0s old', '0s new', '0s new']);
  });

  it('try a link to a wrong file once more, then fetch fresh ones', () => {
    const { opened, lines } = play([wrong, wrong, wrong, bytes(100)], { renew: of('new') });
    expect(opened).toEqual(['0s old', '1s old', '3s new', '7s new']);
    expect(lines).toEqual(['7s 100', '7s |']);
  });

  it('try a link to a wrong file for five minutes without a client, however many bytes it brings', () => {
    const { error, opened } = play(Array.from({ length: 50 }, (_, index) => concat(bytes(index + 1), wrong)));
    expect(failure(error)).toBe('refused: a.mp4: it is a page');
    expect(opened.at(-1)).toBe('303s old');
    expect(opened).toHaveLength(11);
  });

  it('keep the fresh link after errors', () => {
    expect(play([refused, cut, bytes(100)], { renew: of('new') }).opened).toEqual(['0s old', '0s new', '1s new']);
  });

  it('end with an error when no fresh link is available', () => {
    expect(failure(play([refused], { renew: throwError(() => new Error('gone')) }).error)).toBe('refused: a.mp4: it is refused, and no fresh link is available: gone');
    expect(failure(play([refused]).error)).toBe('refused: a.mp4: it is refused');
  });

  it('end with an error when the watch emits nothing: no success without the bytes', () => {
    const { error, lines } = play([refused], { renew: EMPTY });
    expect(lines).toEqual(['0s #']);
    expect(failure(error)).toBe('refused: a.mp4: it is refused, and no fresh link is available: the watch emitted nothing');
  });

  it('end at once with a disk error', () => {
    const full = new DownloadError('disk', 'a.mp4', 'the disk is full');
    const { error, opened } = play([concat(bytes(10), throwError(() => full))]);
    expect([error, opened.length]).toEqual([full, 1]);
  });

  it('leave no timer behind when unsubscribed during a delay or a connection', () => {
    for (const connection of [cut, NEVER]) {
      const { timers, opened } = play([connection], {}, { untilMs: 20_500 });
      expect(timers).toBe(0);
      expect(opened.length).toBe(connection === cut ? 5 : 1);
    }
  });
});
