import { asyncScheduler, NEVER, Observable, of, Subject, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ark } from '../../src/providers/ark.js';
import type { TaskRef } from '../../src/task/snapshot.js';
import { toFeed } from '../../src/feed/feed.js';
import { watchTasks } from '../../src/feed/watch-tasks.js';
import { createTaskClient } from '../../src/client/task-client.js';
import { accountOf, anyfastResponse, anyfastTask, arkResponse, arkTask, at, record, every, inVirtualTime, minutes, played, running, scripted, seconds, succeeded, to, recordedClient } from '../support/client.js';

const waking = (atMs: readonly number[], tasks: readonly TaskRef[] = [arkTask]) => {
  const wake = new Subject<TaskRef>();
  for (const ms of atMs) at(ms, () => { for (const task of tasks) wake.next(task); });
  return wake;
};

const sentAt = (requests: readonly { readonly atMs: number }[]): readonly number[] => requests.map(({ atMs }) => atMs / 1000);

describe('a client that is woken', () => {
  it('polls the task now, subject to its minimum interval, and then at its interval', () => {
    inVirtualTime(({ flush }) => {
      const { client, requests } = recordedClient([running, running, running, running, succeeded], { policy: every(minutes(1)), wake: waking([seconds(25), seconds(30), seconds(31), seconds(300)]) });
      const seen = record(client.watch(arkTask), to);
      flush();
      // Woken at 25 s; at 30 s, too early after that; and once for the two at 30 s and 31 s.
      expect(sentAt(requests)).toEqual([0, 25, 35, 95, 155]);
      expect(seen.lines).toEqual(['0s running', '155s succeeded', '155s |']);
    });
  });

  it('polls once more after a request in flight', () => {
    inVirtualTime(({ flush }) => {
      const { client, requests } = recordedClient((index) => played({ ...(index === 0 ? running : succeeded), afterMs: seconds(5) }), { policy: every(minutes(1)), wake: waking([seconds(3)]) });
      const seen = record(client.watch(arkTask), to);
      flush();
      expect(sentAt(requests)).toEqual([0, 10]);
      expect(seen.lines).toEqual(['5s running', '15s succeeded', '15s |']);
    });
  });

  it('does not wait for a first poll that was due later', () => {
    inVirtualTime(({ flush }) => {
      const { client, requests } = recordedClient([succeeded], { wake: waking([seconds(20)]) });
      record(client.watch(arkTask, { firstPollAfterMs: minutes(10) }), to);
      flush();
      expect(sentAt(requests)).toEqual([20]);
    });
  });

  it('does not affect other tasks, and ignores tasks that are not watched', () => {
    inVirtualTime(({ flush }) => {
      const wake = waking([seconds(20)], [{ provider: 'ark', id: 'other' }, { ...arkTask, account: 'unused' }]);
      const { client, requests } = recordedClient([running, succeeded], { accounts: [accountOf(ark), accountOf(ark, { name: 'unused' })], policy: every(minutes(1)), wake });
      record(client.watch(arkTask), to);
      flush();
      expect(sentAt(requests)).toEqual([0, 60]);
    });
  });

  it('subscribes to `wake` only while tasks are watched', () => {
    inVirtualTime(({ flush }) => {
      let listeners = 0;
      const wake = new Observable<TaskRef>(() => {
        listeners += 1;
        return () => { listeners -= 1; };
      });
      const { client } = recordedClient([running], { wake });
      const counts: number[] = [];
      const [first, second] = ['a', 'b'].map((id) => client.watch({ provider: 'ark', id }).subscribe());
      at(seconds(1), () => { counts.push(listeners); first?.unsubscribe(); counts.push(listeners); second?.unsubscribe(); counts.push(listeners); });
      at(seconds(2), () => { const again = client.watch(arkTask).subscribe(); counts.push(listeners); again.unsubscribe(); counts.push(listeners); });
      flush();
      expect(counts).toEqual([1, 1, 0, 1, 0]);
    });
  });

  it('throws for a `wake` that is not an Observable', () => {
    const options = { transport: () => NEVER, accounts: [accountOf(ark)], wake: 'tasks' as never };
    expect(() => createTaskClient(options)).toThrow(/wake must be an Observable of tasks, not tasks/);
  });
});

describe('firstPollAfterMs', () => {
  it('delays the first poll', () => {
    inVirtualTime(({ flush }) => {
      const { client, transport } = scripted([succeeded]);
      record(client.watch(arkTask, { firstPollAfterMs: seconds(20) }), to);
      flush();
      expect(transport.requests.map(({ atMs }) => atMs)).toEqual([seconds(20)]);
    });
  });
});

describe('a success without a link', () => {
  it('is emitted by states at once, and by watch with its link, as one transition', () => {
    inVirtualTime(({ flush }) => {
      const { client } = scripted([running, arkResponse('succeeded'), arkResponse('succeeded'), succeeded], { policy: every(seconds(30)) });
      const seen = record(client.watch(arkTask), ({ from, to: status, snapshot }) => `${String(from)}-${status} ${'video' in snapshot ? String(snapshot.video?.url) : ''}`);
      const states = record(client.states(arkTask), ({ snapshot, ended }) => `${String(snapshot?.status)} ${String(ended)}`);
      flush();
      expect(states.lines).toEqual(['0s running null', '30s succeeded null', '40s succeeded null', '50s succeeded terminal', '50s |']);
      expect(seen.lines).toEqual(['0s null-running ', '50s running-succeeded https://videos.example/cgt-1.mp4', '50s |']);
      expect(asyncScheduler.now()).toBeLessThan(minutes(2));
    });
  });
});

describe('a feed', () => {
  it('emits a success with its link, not before', () => {
    inVirtualTime(({ flush }) => {
      const { client } = scripted([running, arkResponse('succeeded'), succeeded], { policy: every(seconds(15)) });
      const feeds: string[] = [];
      of(arkTask).pipe(watchTasks(client), toFeed()).subscribe(({ tasks }) => {
        for (const { status, snapshot, progress } of tasks) feeds.push(`${String(status)} ${String(progress === 1)} ${snapshot?.status === 'succeeded' ? String(snapshot.video?.url) : ''}`);
      });
      flush();
      expect(feeds.filter((line) => line.startsWith('succeeded'))).toEqual(['succeeded true https://videos.example/cgt-1.mp4']);
    });
  });
});

// The tests above cover the behaviour; these are two more sources of refs.
describe('any stream of refs', () => {
  it.each([['of', (): Observable<TaskRef> => of(arkTask)], ['timer', (): Observable<TaskRef> => new Observable((subscriber) => timer(seconds(20)).subscribe(() => { subscriber.next(arkTask); }))]])('wakes: %s', (_, wakeOf) => {
    inVirtualTime(({ flush }) => {
      const { client, requests } = recordedClient([succeeded], { wake: wakeOf() });
      record(client.watch(arkTask, { firstPollAfterMs: minutes(10) }), to);
      flush();
      expect(requests).toHaveLength(1);
      expect(requests[0]?.atMs).toBeLessThan(minutes(1));
    });
  });
});

describe('a saved success without a link', () => {
  it('is polled once, and its link is emitted', () => {
    inVirtualTime(({ flush }) => {
      const first = scripted([arkResponse('succeeded')]);
      const before = record(first.client.states(arkTask));
      flush();
      const { client, transport } = scripted([succeeded]);
      const seen = record(client.watch(arkTask, { resumeFrom: before.values.at(-1) }), ({ snapshot }) => ('video' in snapshot ? snapshot.video?.url : ''));
      flush();
      expect(seen.values).toHaveLength(1);
      expect(seen.lines[0]).toMatch(/ https:\/\/videos\.example\/cgt-1\.mp4$/);
      expect(transport.requests).toHaveLength(1);
    });
  });
});

describe('a failure reported by a relay', () => {
  it('is not emitted until a second response confirms it', () => {
    inVirtualTime(({ flush }) => {
      const failure = anyfastResponse('FAILURE', { fail_reason: 'task failed' });
      const cured = scripted([failure, anyfastResponse('SUCCESS', { result_url: 'https://videos.example/a.mp4' })]);
      const confirmed = scripted([failure]);
      const seen = [cured, confirmed].map(({ client }) => record(client.watch(anyfastTask), to));
      flush();
      expect(seen.map(({ lines }) => lines.map((line) => line.split(' ')[1]))).toEqual([['succeeded', '|'], ['failed', '|']]);
      expect(confirmed.transport.requests).toHaveLength(2);
    });
  });
});
