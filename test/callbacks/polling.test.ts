/** A client whose `wake` are callbacks, in virtual time: what they change, and what they cannot change. */
import fc from 'fast-check';
import { asyncScheduler, filter, map, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { refFromCallback } from '../../src/callbacks/ref-from-callback.js';
import { constantDelay } from '../../src/poll/delay-policy.js';
import { ark } from '../../src/providers/ark.js';
import { accountOf, arkTask, at, every, inVirtualTime, minutes, played, queued, record, recordedClient, running, scripted, seconds, sentAtS, succeeded, to } from '../support/client.js';
import { anyBodyText } from '../support/arbitraries.js';

interface Callback {
  readonly atMs: number;
  readonly body: string;
}

const bodyOf = (status: string, id: string = arkTask.id): string => JSON.stringify({ id, status, content: { video_url: 'https://forged.example/v.mp4' } });

/** The `wake` of a client that gets these callbacks. */
const wakeOf = (callbacks: readonly Callback[]) => {
  const bodies = new Subject<string>();
  for (const { atMs, body } of callbacks) at(atMs, () => bodies.next(body));
  return bodies.pipe(map((body) => refFromCallback(ark, body)), filter((ref) => ref !== null));
};

/** A task that begins to run and succeeds at these times, watched with callbacks: its transitions, and when polls left. */
const watched = (callbacks: readonly Callback[], { runsAtMs, endsAtMs, intervalMs = minutes(1) }: { readonly runsAtMs: number; readonly endsAtMs: number; readonly intervalMs?: number }) =>
  inVirtualTime(({ flush }) => {
    const { client, requests } = recordedClient(
      () => played(asyncScheduler.now() < runsAtMs ? queued : asyncScheduler.now() < endsAtMs ? running : succeeded),
      { policy: every(intervalMs), wake: wakeOf(callbacks) },
    );
    const seen = record(client.watch(arkTask), ({ from, to: status, snapshot }) => `${from}-${status} ${'video' in snapshot ? snapshot.video?.url : ''}`);
    flush();
    return { transitions: seen.lines.map((line) => line.replace(/^\S+ /, '')), sentAtMs: requests.map(({ atMs }) => atMs) };
  });

const transitions = ['null-queued ', 'queued-running ', 'running-succeeded https://videos.example/cgt-1.mp4', '|'];

const anyTimes = fc.record({ runsAtMs: fc.integer({ min: minutes(1), max: minutes(3) }), runMs: fc.integer({ min: minutes(1), max: minutes(5) }) })
  .map(({ runsAtMs, runMs }) => ({ runsAtMs, endsAtMs: runsAtMs + runMs }));

const callbacksWith = (body: fc.Arbitrary<string>) => fc.array(fc.record({ atMs: fc.integer({ min: 0, max: minutes(10) }), body }), { maxLength: 30 });

/** Of the task, at any time: forged, doubled, out of order. */
const anyCallbacks = callbacksWith(fc.oneof(fc.constantFrom('queued', 'running', 'succeeded', 'failed', 'cancelled', 'expired').map((status) => bodyOf(status)), anyBodyText));

/** Of other tasks, or of none. */
const foreignCallbacks = callbacksWith(fc.oneof(
  fc.constantFrom('cgt-2', 'CGT-1', 'cgt-1 ', '../cgt-1', 'x'.repeat(1000)).map((id) => bodyOf('succeeded', id)),
  fc.constantFrom('', '{}', '[]', '"cgt-1"', bodyOf('succeeded').slice(0, -1), '{"id":"cgt-1"}', '{"task_id":"cgt-1","status":"succeeded"}', '{"data":'.repeat(1000)),
));

describe('callbacks', () => {
  it('that are lost, doubled, out of order or forged leave the transitions the same, and the end is found within the interval', () => {
    fc.assert(fc.property(anyTimes, anyCallbacks, (times, callbacks) => {
      const [without, withThem] = [watched([], times), watched(callbacks, times)];
      expect([without.transitions, withThem.transitions]).toEqual([transitions, transitions]);
      const lateMs = withThem.sentAtMs.at(-1)! - times.endsAtMs;
      expect([lateMs >= 0, lateMs <= minutes(1)]).toEqual([true, true]);
    }));
  });

  it('never shorten the minimum interval', () => {
    fc.assert(fc.property(anyTimes, anyCallbacks, (times, callbacks) => {
      const { sentAtMs } = watched(callbacks, times);
      for (const [index, sent] of sentAtMs.slice(1).entries()) expect(sent - sentAtMs[index]!).toBeGreaterThanOrEqual(seconds(10));
    }));
  });

  it('make the next poll leave at once, or when the minimum interval after the last request is over', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: minutes(1) - 1 }), (atMs) => {
      const { sentAtMs } = watched([{ atMs, body: bodyOf('running') }], { runsAtMs: minutes(1), endsAtMs: minutes(3) });
      expect(sentAtMs.slice(0, 2)).toEqual([0, Math.max(seconds(10), atMs)]);
    }));
  });

  it('of other tasks, and bodies without a task, change nothing', () => {
    fc.assert(fc.property(anyTimes, foreignCallbacks, (times, callbacks) => {
      expect(watched(callbacks, times)).toEqual(watched([], times));
    }));
  });

  it('of a task that ended or is not watched yet send no request', () => {
    inVirtualTime(({ flush }) => {
      const { client, transport } = scripted([running, succeeded], { policy: every(minutes(1)), wake: wakeOf([5, 90, 91].map((atS) => ({ atMs: seconds(atS), body: bodyOf('succeeded') }))) });
      at(seconds(10), () => record(client.watch(arkTask), to));
      flush();
      expect(sentAtS(transport)).toEqual([10, 70]);
    });
  });

  it('with the same script of responses give the same transitions as none', () => {
    fc.assert(fc.property(anyCallbacks, (callbacks) => {
      const given = [callbacks, []].map((some) => inVirtualTime(({ flush }) => {
        const { client } = scripted([queued, queued, running, { status: 503 }, running, succeeded], { policy: every(minutes(1)), wake: wakeOf(some) });
        const seen = record(client.watch(arkTask), to);
        flush();
        return [...seen.values.map(({ to: status }) => status), seen.isOver];
      }));
      expect(given[0]).toEqual(given[1]);
    }));
  });
});

describe('a rare poll, every 5 minutes', () => {
  const times = { runsAtMs: seconds(20), endsAtMs: seconds(130), intervalMs: minutes(5) };

  it('finds the end with its callback', () => {
    const { sentAtMs } = watched([{ atMs: seconds(20), body: bodyOf('running') }, { atMs: seconds(130), body: bodyOf('succeeded') }], times);
    expect(sentAtMs.map((ms) => ms / 1000)).toEqual([0, 20, 130]);
  });

  it('finds the end without it', () => {
    const { sentAtMs } = watched([], times);
    expect(sentAtMs.map((ms) => ms / 1000)).toEqual([0, 300]);
  });

  it('is not made more frequent by a default, and a failed poll is retried as usual', () => {
    inVirtualTime(({ flush }) => {
      const { client, requests } = recordedClient([running, { status: 503 }, running, succeeded], { accounts: [accountOf(ark)], policy: { interval: constantDelay(minutes(5)) } });
      record(client.watch(arkTask), to);
      flush();
      expect(requests.map(({ atMs }) => atMs / 1000)).toEqual([0, 300, 310, 610]);
    });
  });
});
