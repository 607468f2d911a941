import fc from 'fast-check';
import { asyncScheduler, concat, defer, switchMap, take, tap, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ark, arkRegions } from '../../src/providers/ark.js';
import type { ScriptedStep } from '../../src/testing/index.js';
import type { Transport } from '../../src/transport/transport.js';
import { account } from '../../src/client/account.js';
import type { SeedanceError } from '../../src/state/errors.js';
import { parseWatchState } from '../../src/state/stored.js';
import { createTaskClient, type WatchOptions } from '../../src/client/task-client.js';
import type { WatchState } from '../../src/state/watch-state.js';
import { marbles } from '../support/marbles.js';
import {
  accountOf,
  anyfastResponse,
  arkResponse,
  arkTask,
  sentAtS,
  at,
  brief,
  busy,
  cancelled,
  days,
  record,
  every,
  expired,
  failed,
  forbidden,
  hours,
  html,
  inVirtualTime,
  key,
  minutes,
  missing,
  played,
  queued,
  refusal,
  reset,
  running,
  scripted,
  seconds,
  succeeded,
  to,
  tooMany,
  unauthorized,
} from '../support/client.js';

/** A state after a deploy: through JSON. */
const saved = (state: WatchState | null | undefined): WatchState => parseWatchState(JSON.stringify(state));

/** A client whose script advances with each response, not with each request: an aborted request is repeated. */
const replaying = (script: readonly ScriptedStep[], latencyMs: number) => {
  let responded = 0;
  const transport: Transport = () => timer(latencyMs).pipe(switchMap(() => played(script[Math.min(responded++, script.length - 1)] ?? queued)));
  return createTaskClient({ transport, accounts: [accountOf(ark)] });
};

const anyStep: fc.Arbitrary<ScriptedStep> = fc.constantFrom<ScriptedStep>(
  queued, running, running, arkResponse('MELTING'), busy, reset, html(200), html(502), { body: '' }, { body: '{"sta' },
  tooMany(), tooMany({ 'retry-after': '77' }), missing, forbidden, unauthorized, refusal(400, 'InvalidParameter'),
);
const anyEnd: fc.Arbitrary<ScriptedStep> = fc.constantFrom<ScriptedStep>(succeeded, failed, cancelled, expired);
const anyScript = fc.tuple(fc.array(anyStep, { maxLength: 14 }), anyEnd).map(([steps, end]) => [...steps, end]);
const anyLatencyMs = fc.constantFrom(0, 1, 250, 9_000);
const anyOptions: fc.Arbitrary<WatchOptions> = fc.record({
  policy: fc.constantFrom({}, every(seconds(10)), every(seconds(45)), { retry: () => seconds(12) }),
  giveUpAfterMs: fc.constantFrom(1, minutes(3), undefined),
  deadlineMs: fc.constantFrom(seconds(35), minutes(2), undefined),
});

/** A line of a record, independent of the order of its fields. */
const asRead = (line: string): unknown => {
  const [at = '', ...rest] = line.split(' ');
  const text = rest.join(' ');
  return [at, text.startsWith('{') ? JSON.parse(text) : text];
};

/** The transitions of a watch, and how it ended. */
const course = (states: readonly WatchState[]): readonly string[] => {
  const words = states.flatMap(({ snapshot, ended }) => [...(snapshot === null ? [] : [snapshot.status]), ...(ended === null ? [] : [`(${ended})`])]);
  return words.filter((word, index) => word !== words[index - 1]);
};

describe('a watch resumed from a saved state', () => {
  it('has the same states at the same times from any step on', () => {
    fc.assert(fc.property(anyScript, anyLatencyMs, anyOptions.map((any) => ({ ...any, deadlineMs: undefined })), (script, latencyMs, options) => {
      const whole = inVirtualTime(({ flush }) => {
        const seen = record(replaying(script, latencyMs).states(arkTask, options), (state) => JSON.stringify(state));
        flush();
        return seen;
      });
      whole.values.slice(0, -1).forEach((_, step) => {
        const cut = inVirtualTime(({ flush }) => {
          const client = replaying(script, latencyMs);
          let last: WatchState | null = null;
          const before = client.states(arkTask, options).pipe(take(step + 1), tap((state) => { last = state; }));
          const seen = record(concat(before, defer(() => client.states(arkTask, { ...options, resumeFrom: saved(last) }))), (state) => JSON.stringify(state));
          flush();
          return seen;
        });
        expect(cut.lines.map(asRead), `cut after step ${String(step + 1)}`).toEqual(whole.lines.map(asRead));
      });
    }));
  });

  it('makes the same transitions when it is stopped at any instant and resumed after any time', () => {
    const anyGapMs = fc.oneof(fc.constant(0), fc.nat({ max: minutes(2) }), fc.nat({ max: days(3) }));
    fc.assert(fc.property(anyScript, anyLatencyMs, fc.nat({ max: minutes(12) }), anyGapMs, (script, latencyMs, cutMs, gapMs) => {
      const options = { deadlineMs: days(100), giveUpAfterMs: minutes(3) };
      const whole = inVirtualTime(({ flush }) => {
        const seen = record(replaying(script, latencyMs).states(arkTask, options));
        flush();
        return seen.values;
      });
      const cut = inVirtualTime(({ flush }) => {
        const client = replaying(script, latencyMs);
        const before = record(client.states(arkTask, options), brief, cutMs);
        flush();
        if (before.isOver) return before.values;
        const last = before.values.at(-1);
        const rest: { values: readonly WatchState[] } = { values: [] };
        at(cutMs + gapMs, () => { rest.values = record(client.states(arkTask, { ...options, ...(last === undefined ? {} : { resumeFrom: saved(last) }) })).values; });
        flush();
        return [...before.values, ...rest.values];
      });
      expect(course(cut)).toEqual(course(whole));
      expect(cut.at(-1)?.polls).toBe(whole.at(-1)?.polls);
    }));
  });

  it('waits until its next poll, which a Retry-After may have delayed', marbles(({ flush }) => {
    const { client, transport } = scripted([running, tooMany({ 'retry-after': '300' }), succeeded], { policy: every(seconds(15)) });
    const first = record(client.states(arkTask), brief, seconds(20));
    at(seconds(100), () => { record(client.watch(arkTask, { resumeFrom: saved(first.values[1]) }), to); });
    flush();
    expect(sentAtS(transport)).toEqual([0, 15, 315]);
  }));

  it.each<[string, ScriptedStep, number]>([
    ['a Retry-After', tooMany({ 'retry-after': '77' }), 87],
    ['the minimum interval', { ...running, afterMs: seconds(20) }, 40],
  ])('does not poll before the end of %s, also when its deadline is earlier: one more poll is sent then', (_, step, atS) => {
    inVirtualTime(({ flush }) => {
      const { client, transport } = scripted([running, step, succeeded], { policy: every(seconds(10)), deadlineMs: seconds(35) });
      const first = record(client.states(arkTask), brief, seconds(31));
      const seen: { record?: ReturnType<typeof record> } = {};
      at(seconds(32), () => { seen.record = record(client.watch(arkTask, { resumeFrom: saved(first.values[1]) }), to); });
      flush();
      expect(sentAtS(transport)).toEqual([0, 10, atS]);
      expect(seen.record?.lines).toEqual([`${String(atS)}s succeeded`, `${String(atS)}s |`]);
    });
  });

  it('polls at once when that time has passed', marbles(({ flush }) => {
    const { client, transport } = scripted([running, succeeded], { policy: every(seconds(15)) });
    const first = record(client.states(arkTask), brief, seconds(1));
    at(minutes(40), () => { record(client.watch(arkTask, { resumeFrom: saved(first.values[0]) }), to); });
    flush();
    expect(sentAtS(transport)).toEqual([0, 2400]);
  }));

  it('waits no longer than planned when the clock of the new machine is behind', marbles(({ flush }) => {
    const { client } = scripted([running], { policy: every(seconds(15)) });
    const [state] = record(client.states(arkTask), brief, seconds(1)).values;
    expect(state).toBeUndefined();
    const first = record(client.states(arkTask), brief, seconds(1));
    flush();
    const ahead = Object.fromEntries(
      Object.entries(saved(first.values[0])).map(([name, value]) => [name, name.endsWith('AtMs') && typeof value === 'number' ? value + hours(9) : value]),
    ) as unknown as WatchState;
    const later = scripted([succeeded], { policy: every(seconds(15)) });
    const seen = record(later.client.watch(arkTask, { resumeFrom: ahead }), to);
    flush();
    expect(sentAtS(later.transport)).toEqual([16]);
    expect(seen.lines.at(-1)).toBe('16s |');
  }));

  it('does not repeat transitions', marbles(({ flush }) => {
    const { client } = scripted([queued, running, running, succeeded], { policy: every(seconds(15)) });
    const first = record(client.states(arkTask), brief, seconds(16));
    at(seconds(16), () => {
      const seen = record(client.watch(arkTask, { resumeFrom: saved(first.values[1]) }), ({ from, to: status }) => `${String(from)}-${status}`);
      at(seconds(100), () => { expect(seen.lines).toEqual(['45s running-succeeded', '45s |']); });
    });
    flush();
    expect.assertions(1);
  }));
});

describe('time between save and resume', () => {
  it('does not count for giveUpAfterMs', marbles(({ flush }) => {
    const { client } = scripted([running, ...Array<ScriptedStep>(8).fill(busy), succeeded], { policy: every(seconds(15)), deadlineMs: days(2) });
    const first = record(client.states(arkTask), brief, minutes(6));
    flush();
    expect(first.values.at(-1)).toMatchObject({ failureCount: 6 });
    const seen: { record?: ReturnType<typeof record> } = {};
    at(days(1), () => { seen.record = record(client.states(arkTask, { resumeFrom: saved(first.values.at(-1)) }), brief); });
    flush();
    expect(seen.record?.lines.map((line) => line.split(' ').slice(1).join(' '))).toEqual(['server x7', 'server x8', 'succeeded', '|']);
  }));

  it('but the time that failures had lasted before still counts', marbles(({ flush }) => {
    const { client } = scripted([running, busy], { policy: every(seconds(15)), deadlineMs: days(2) });
    const first = record(client.states(arkTask), brief, minutes(14));
    flush();
    expect(first.values.at(-1)).toMatchObject({ failureCount: 10, polledAtMs: seconds(765) });
    const seen: { record?: ReturnType<typeof record<WatchState>> } = {};
    at(days(1), () => { seen.record = record(client.states(arkTask, { resumeFrom: saved(first.values.at(-1)) }), brief); });
    flush();
    expect(seen.record?.lines.map((line) => line.split(' ').slice(1).join(' '))).toEqual(['server x11', 'server x12 (response)', '#']);
  }));

  it('does not count for the grace of a task that was never seen', marbles(({ flush }) => {
    const { client } = scripted([missing], { policy: every(seconds(15)) });
    const first = record(client.states(arkTask), brief, seconds(12));
    flush();
    const seen: { record?: ReturnType<typeof record> } = {};
    at(hours(1), () => { seen.record = record(client.states(arkTask, { resumeFrom: saved(first.values.at(-1)) }), brief); });
    flush();
    expect(seen.record?.lines).toEqual(['3600s not-found x3', '3640s not-found x4 (response)', '3640s #']);
  }));

  it('does not turn the first 404 of a seen task into the second', marbles(({ flush }) => {
    const { client } = scripted([running, missing, running, missing, succeeded], { policy: every(seconds(15)) });
    const first = record(client.states(arkTask), brief, seconds(16));
    flush();
    const seen: { record?: ReturnType<typeof record> } = {};
    at(hours(1), () => { seen.record = record(client.watch(arkTask, { resumeFrom: saved(first.values.at(-1)) }), to); });
    flush();
    expect(seen.record?.lines.map((line) => line.split(' ')[1])).toEqual(['succeeded', '|']);
  }));
});

describe('a watch restored past its deadline', () => {
  const restoredAtAnHour = (script: readonly ScriptedStep[], options: WatchOptions = {}) => {
    const { client, transport } = scripted([running, ...script], { policy: every(seconds(15)), deadlineMs: minutes(5) });
    return inVirtualTime(({ flush }) => {
      const first = record(client.states(arkTask), brief, seconds(1));
      flush();
      const seen: { record?: ReturnType<typeof record> } = {};
      at(hours(1), () => { seen.record = record(client.watch(arkTask, { ...options, resumeFrom: saved(first.values[0]) }), to); });
      flush();
      return { seen: seen.record, sent: sentAtS(transport).slice(1) };
    });
  };

  it.each([['succeeded', succeeded], ['failed', failed], ['cancelled', cancelled], ['expired', expired]] as const)('polls once, and a terminal status counts: %s', (status, step) => {
    const { seen, sent } = restoredAtAnHour([step]);
    expect(seen?.lines).toEqual([`3600s ${status}`, '3600s |']);
    expect(sent).toEqual([3600]);
  });

  it('counts a slow response', () => {
    const { seen } = restoredAtAnHour([{ ...succeeded, afterMs: seconds(8) }]);
    expect(seen?.lines).toEqual(['3608s succeeded', '3608s |']);
  });

  it.each<[string, ScriptedStep, string, string | null]>([
    ['a task that still runs', running, '3600s #', null],
    ['an error', busy, '3600s #', 'server'],
    ['no response', reset, '3600s #', null],
    ['silence', { hang: true }, '3630s #', null],
  ])('gives up with a timeout after one poll: %s', (_, step, end, reason) => {
    const { seen, sent } = restoredAtAnHour([step]);
    expect(seen?.lines).toEqual([end]);
    expect(seen?.error).toMatchObject({ kind: 'timeout', reason, lastSnapshot: { status: 'running' }, task: arkTask });
    expect(sent).toEqual([3600]);
  });

  it('emits a change of status before it gives up', () => {
    const { seen } = restoredAtAnHour([queued]);
    expect(seen?.lines).toEqual(['3600s queued', '3600s #']);
  });

  it('resumes from the error of a deadline with a later deadline', () => {
    const { seen, sent } = restoredAtAnHour([running, running, succeeded], { deadlineMs: hours(2) });
    expect(seen?.lines).toEqual(['3630s succeeded', '3630s |']);
    expect(sent).toEqual([3600, 3615, 3630]);
  });

  it('keeps the deadline of the provider', marbles(({ flush }) => {
    const { client } = scripted([arkResponse('running', { created_at: 1, execution_expires_after: 10_800 })], { policy: every(minutes(5)) });
    const first = record(client.states(arkTask), brief, seconds(1));
    flush();
    const seen: { record?: ReturnType<typeof record> } = {};
    at(hours(1), () => { seen.record = record(client.watch(arkTask, { resumeFrom: saved(first.values[0]) }), to); });
    flush();
    expect(seen.record?.lines).toEqual(['11401s #']);
  }));
});

describe('a state that has ended', () => {
  it.each([['succeeded', succeeded], ['failed', failed], ['cancelled', cancelled], ['expired', expired]] as const)('%s: emits its final transition again without a poll', (status, step) => {
    inVirtualTime(({ flush }) => {
      const { client, transport } = scripted([queued, running, step], { policy: every(seconds(15)) });
      const first = record(client.states(arkTask), brief);
      const transitions = record(client.watch(arkTask), to);
      flush();
      const polls = transport.requests.length;
      const resumeFrom = saved(first.values.at(-1));
      const again = record(client.watch(arkTask, { resumeFrom }), to);
      const states = record(client.states(arkTask, { resumeFrom }), brief);
      flush();
      expect(again.lines).toEqual([`30s ${status}`, '30s |']);
      expect(states.lines).toEqual([`30s ${status}`, '30s |']);
      expect(states.values).toEqual([first.values.at(-1)]);
      expect(again.values).toEqual([{ ...transitions.values.at(-1), raw: null }]);
      expect(transport.requests).toHaveLength(polls);
    });
  });

  it('emits it again each time, also much later', marbles(({ flush }) => {
    const { client, transport } = scripted([succeeded]);
    const first = record(client.states(arkTask));
    flush();
    const again = client.watch(arkTask, { resumeFrom: saved(first.values[0]) });
    at(days(40), () => {
      record(concat(again, again), to);
    });
    flush();
    const seen = record(concat(again, again), ({ atMs }) => atMs);
    flush();
    expect(seen.values).toHaveLength(2);
    expect(seen.values.map(({ atMs, from }) => [atMs, from])).toEqual([[0, null], [0, null]]);
    expect(transport.requests).toHaveLength(1);
  }));

  it.each<[string, readonly ScriptedStep[], WatchOptions]>([
    ['gone', [running, missing, missing], {}],
    ['response', [running, forbidden, forbidden], {}],
    ['response', [running, refusal(429, 'SetLimitExceeded'), refusal(429, 'SetLimitExceeded')], {}],
    ['decode', [running, html(200), html(200), html(200), html(200), html(200)], { giveUpAfterMs: 1 }],
    ['transport', [running, reset, reset, reset, reset, reset], { giveUpAfterMs: 1 }],
    ['timeout', [running, running, running], { policy: { interval: ({ index }) => (index < 2 ? seconds(15) : 'stop') } }],
  ])('ended as %s: resumes from the state on the error to the end', (kind, script, options) => {
    inVirtualTime(({ flush }) => {
      const { client } = scripted([...script, running, succeeded], { policy: every(seconds(15)) });
      const first = record(client.watch(arkTask, options), to);
      flush();
      const error = first.error as SeedanceError;
      expect(error.kind).toBe(kind);
      const lostAt = asyncScheduler.now();
      const second = record(client.watch(arkTask, { resumeFrom: saved(error.state) }), ({ from, to: status }) => `${String(from)}-${status}`);
      flush();
      expect(second.lines.map((line) => line.split(' ')[1])).toEqual(['running-succeeded', '|']);
      expect(asyncScheduler.now() - lostAt, 'the minimum interval, then the interval').toBe(seconds(25));
    });
  });
});

describe('a state of another task', () => {
  const [state] = inVirtualTime(({ flush }) => {
    const { client } = scripted([running]);
    const { values } = record(client.states(arkTask), brief, seconds(1));
    flush();
    return values;
  });
  const { client } = scripted([running]);

  it.each<[string, () => unknown, readonly string[]]>([
    ['another id', () => client.watch({ provider: 'ark', id: 'cgt-2' }, { resumeFrom: state }), ['resumeFrom.task', 'cgt-1', 'cgt-2']],
    ['another provider', () => client.watch({ provider: 'anyfast', id: 'cgt-1' }, { resumeFrom: state }), ['resumeFrom.task', 'ark', 'anyfast']],
    [
      'another account',
      () => createTaskClient({ transport: () => timer(1).pipe(switchMap(() => [])), accounts: [accountOf(ark), accountOf(ark, { name: 'b' })] })
        .watch({ ...arkTask, account: 'b' }, { resumeFrom: state }),
      ['resumeFrom.task', '"b"'],
    ],
    [
      'another base URL',
      () => createTaskClient({ transport: () => timer(1).pipe(switchMap(() => [])), accounts: [account(ark, { apiKey: key, baseUrl: arkRegions['eu-west'] })] })
        .watch(arkTask, { resumeFrom: state }),
      ['resumeFrom.baseUrl', arkRegions['eu-west'], ark.baseUrl],
    ],
  ])('throws at once: %s', (_, watch, words) => {
    expect(watch).toThrow(TypeError);
    for (const word of words) expect(watch).toThrow(word);
  });

  it('the same base URL with a slash at its end is the same', marbles(({ flush }) => {
    const slashed = createTaskClient({ transport: () => played(succeeded), accounts: [accountOf(ark, { baseUrl: `${ark.baseUrl}/` })] });
    const seen = record(slashed.watch(arkTask, { resumeFrom: state }), to);
    flush();
    expect(seen.lines.at(-1)).toContain('|');
  }));

  it('the state of an envelope provider survives JSON too', marbles(({ flush }) => {
    const { client: anyfastClient } = scripted([anyfastResponse('IN_PROGRESS', { progress: '50%' }), anyfastResponse('SUCCESS', { result_url: 'https://v.example/1' })], { policy: every(seconds(15)) });
    const task = { provider: 'anyfast', id: 'cgt-1' } as const;
    const first = record(anyfastClient.states(task), brief, seconds(1));
    flush();
    expect(first.values[0]).toMatchObject({ progress: 0.5, estimated: false });
    const seen = record(anyfastClient.watch(task, { resumeFrom: saved(first.values[0]) }), to);
    flush();
    expect(seen.lines).toEqual(['15s succeeded', '15s |']);
  }));
});
