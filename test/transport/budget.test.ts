import fc from 'fast-check';
import { asyncScheduler, defer, EMPTY, map, NEVER, type Observable, of, switchMap, tap, throwError, timer } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { createBudget, type BudgetOptions } from '../../src/transport/budget.js';
import { createGate, type Gate } from '../../src/transport/gate.js';
import type { HttpRequest, HttpResponse } from '../../src/transport/transport.js';
import { at, diary, hours, inVirtualTime, livingTransport, minutes, seconds } from '../support/client.js';

const requestFor = (name: string, dueAtMs?: number): HttpRequest => ({ method: 'GET', url: `https://api.example/${name}`, headers: {}, dueAtMs });
const ok: HttpResponse = { status: 200, headers: {}, body: '' };
const tooMany = (headers: HttpResponse['headers'] = {}): HttpResponse => ({ status: 429, headers, body: '' });
const after = (ms: number, response: HttpResponse): Observable<HttpResponse> => timer(ms).pipe(map(() => response));
const nameOf = ({ url }: { readonly url: string }): string => url.slice(url.lastIndexOf('/') + 1);

/** Sends requests at instants of virtual time through a budget; gives each request's life. */
const send = (options: BudgetOptions | undefined, answer: Parameters<typeof livingTransport>[0], requests: readonly (readonly [atMs: number, request: HttpRequest, untilMs?: number])[]) =>
  inVirtualTime(({ flush, timers }) => {
    const { transport, lives } = livingTransport(answer);
    const limited = createBudget(options)(transport);
    let answered = 0;
    for (const [atMs, request, untilMs = Infinity] of requests) {
      at(atMs, () => {
        const subscription = limited(request).subscribe({ next: () => { answered += 1; }, error: () => undefined });
        if (untilMs < Infinity) at(untilMs, () => { subscription.unsubscribe(); });
      });
    }
    flush();
    return { lives, answered, timers: timers(), sent: lives.map((life) => `${String(life.atMs / 1000)}s ${nameOf(life)}`) };
  });

const letters = 'abcdefghijklmnopqrstuvwxyz';

describe('createBudget', () => {
  it('without limits lets everything through at once, in the same turn', () => {
    const { transport, lives } = livingTransport(() => of(ok));
    const limited = createBudget()(transport);
    const seen: number[] = [];
    for (const name of letters) limited(requestFor(name)).subscribe(({ status }) => seen.push(status));
    expect(lives.map(nameOf).join('')).toBe(letters);
    expect(seen).toHaveLength(letters.length);
  });

  it('spaces a minute\'s requests evenly, with a second to spare', () => {
    const { sent } = send({ perMinute: 6 }, () => of(ok), [...'abc'].map((name) => [0, requestFor(name)]));
    expect(sent).toEqual(['0s a', '10.167s b', '20.334s c']);
  });

  it('does not make a request wait that comes after the rest is over', () => {
    const { sent } = send({ perMinute: 6 }, () => of(ok), [[0, requestFor('a')], [seconds(15), requestFor('b')], [seconds(20), requestFor('c')]]);
    expect(sent).toEqual(['0s a', '15s b', '25.167s c']);
  });

  it('lets so many be under way at once', () => {
    const { sent } = send({ concurrent: 2 }, () => after(seconds(1), ok), [...'abcde'].map((name) => [0, requestFor(name)]));
    expect(sent).toEqual(['0s a', '0s b', '1s c', '1s d', '2s e']);
  });

  it('serves those that wait in the order in which they fell due; of equals, the first to come', () => {
    const waiting = Object.entries({ late: 9, early: 1, middle: 5, middleToo: 5, now: undefined });
    const { sent } = send({ concurrent: 1 }, () => after(10, ok), [[6, requestFor('first')], ...waiting.map(([name, due]) => [7, requestFor(name, due)] as const)]);
    expect(sent.map((line) => line.split(' ')[1])).toEqual(['first', 'early', 'middle', 'middleToo', 'now', 'late']);
  });

  it('one that is unsubscribed leaves the line, and never leaves it for the network', () => {
    const { sent, answered, timers } = send({ perMinute: 6 }, () => of(ok), [[0, requestFor('a')], [0, requestFor('b'), seconds(5)], [0, requestFor('c')]]);
    expect(sent).toEqual(['0s a', '10.167s c']);
    expect(answered).toBe(2);
    expect(timers).toBe(0);
  });

  it('leaves no timer behind when the last of the line is unsubscribed', () => {
    inVirtualTime(({ timers }) => {
      const limited = createBudget({ perMinute: 1 })(() => of(ok));
      limited(requestFor('a')).subscribe();
      const waiting = limited(requestFor('b')).subscribe();
      expect(timers()).toBe(1);
      waiting.unsubscribe();
      expect(timers()).toBe(0);
    });
  });

  it('an error and an abort free the place', () => {
    const answers = [throwError(() => new Error('reset')), NEVER, of(ok)];
    const { sent } = send({ concurrent: 1 }, (index) => answers[index] ?? NEVER, [[0, requestFor('errs')], [0, requestFor('hangs'), 7], [0, requestFor('answers')]]);
    expect(sent).toEqual(['0s errs', '0s hangs', '0.007s answers']);
  });

  it('passes answers and errors on unchanged', () => {
    inVirtualTime(({ flush }) => {
      const limited = createBudget({ perMinute: 60 })((request) => (nameOf(request) === 'errs' ? throwError(() => new Error('reset')) : of(tooMany({ 'x-trace': '1' }))));
      const errs = diary(limited(requestFor('errs')));
      const answers = diary(limited(requestFor('answers')));
      flush();
      expect(errs.error).toEqual(new Error('reset'));
      expect(answers.values).toEqual([tooMany({ 'x-trace': '1' })]);
      expect(answers.isOver).toBe(true);
    });
  });

  it('is one budget, whatever transports it is applied to', () => {
    inVirtualTime(({ flush }) => {
      const budget = createBudget({ perMinute: 6 });
      const [one, two] = [livingTransport(() => of(ok)), livingTransport(() => of(ok))];
      budget(one.transport)(requestFor('a')).subscribe();
      budget(two.transport)(requestFor('b')).subscribe();
      flush();
      expect([...one.lives, ...two.lives].map(({ atMs }) => atMs)).toEqual([0, 10_167]);
    });
  });

  it('a clock that goes back makes nobody wait longer', () => {
    inVirtualTime(({ flush, interrupt }) => {
      const { transport, lives } = livingTransport(() => of(ok));
      const limited = createBudget({ perMinute: 6 })(transport);
      limited(requestFor('a')).subscribe();
      interrupt(seconds(5), () => {
        const before = asyncScheduler.now();
        const clock = vi.spyOn(asyncScheduler, 'now').mockReturnValue(before - minutes(60));
        limited(requestFor('b')).subscribe();
        clock.mockRestore();
      });
      flush();
      expect(lives.map(({ atMs }) => atMs)).toEqual([0, seconds(5) + 10_167]);
    });
  });

  it('a clock that goes back for good lengthens one rest by one rest, and keeps no pace slow', () => {
    vi.useFakeTimers({ now: hours(300_000) });
    try {
      const { transport, lives } = livingTransport((index) => of(index < 5 ? tooMany() : ok));
      const [paced, refused] = [createBudget({ perMinute: 6 })(() => of(ok)), createBudget()(transport)];
      for (let count = 0; count < 5; count += 1) refused(requestFor('a')).subscribe();
      vi.advanceTimersByTime(minutes(2));
      paced(requestFor('a')).subscribe();
      vi.setSystemTime(Date.now() - hours(8));
      const began = Date.now();
      const seen: number[] = [];
      for (let count = 0; count < 3; count += 1) paced(requestFor('b')).subscribe(() => seen.push(Date.now() - began));
      refused(requestFor('b')).subscribe();
      vi.advanceTimersByTime(hours(1));
      expect(seen).toEqual([10_167, 20_334, 30_501]);
      for (let count = 0; count < 3; count += 1) refused(requestFor('c')).subscribe();
      expect(lives.map(nameOf).join('')).toBe('aaaaabccc');
    } finally {
      vi.useRealTimers();
    }
  });

  it.each([0, -1, 1.5, Number.NaN, '2' as never, null as never])('a limit of %s is refused by its name', (limit) => {
    for (const field of ['perMinute', 'concurrent']) {
      expect(() => createBudget({ [field]: limit })).toThrow(RangeError);
      expect(() => createBudget({ [field]: limit })).toThrow(`budget.${field} must be a whole number from 1, not ${String(limit)}`);
    }
  });
});

describe('a budget that was refused', () => {
  const refusedOnce = (headers: HttpResponse['headers'] = {}) => (index: number): Observable<HttpResponse> => of(index === 0 ? tooMany(headers) : ok);

  it('lets nothing leave for as long as Retry-After says, then goes on at one a second', () => {
    const { sent } = send(undefined, refusedOnce({ 'retry-after': '30' }), [[0, requestFor('a')], ...[...'bcd'].map((name) => [seconds(1), requestFor(name)] as const)]);
    expect(sent).toEqual(['0s a', '30s b', '31s c', '32s d']);
  });

  it('reads a date in Retry-After against the date of the answer', () => {
    const dates = { date: 'Wed, 21 Oct 2026 07:28:00 GMT', 'retry-after': 'Wed, 21 Oct 2026 07:28:42 GMT' };
    expect(send(undefined, refusedOnce(dates), [[0, requestFor('a')], [1, requestFor('b')]]).sent).toEqual(['0s a', '42s b']);
  });

  it('without Retry-After rests for 10 s', () => {
    expect(send(undefined, refusedOnce(), [[0, requestFor('a')], [1, requestFor('b')]]).sent).toEqual(['0s a', '10s b']);
  });

  it('rests for 10 minutes at the most', () => {
    expect(send(undefined, refusedOnce({ 'retry-after': '86400' }), [[0, requestFor('a')], [1, requestFor('b')]]).sent).toEqual(['0s a', '600s b']);
  });

  it('halves the pace of a limited key, and doubles it again with each minute of peace', () => {
    const names = Array.from({ length: 200 }, (_, index) => String(index));
    const { lives } = send({ perMinute: 60 }, refusedOnce({ 'retry-after': '0' }), names.map((name) => [0, requestFor(name)]));
    const gaps = lives.slice(1).map(({ atMs }, index) => atMs - (lives[index]?.atMs ?? 0));
    expect(new Set(gaps.slice(1, 29))).toEqual(new Set([2034]));
    expect(new Set(gaps.slice(31))).toEqual(new Set([1017]));
  });

  it('requests that were under way together slow it once', () => {
    const burst = [...'abcdefgh'].map((name) => [0, requestFor(name)] as const);
    const { sent } = send(undefined, (index) => after(100, index < 8 ? tooMany({ 'retry-after': '5' }) : ok), [...burst, [seconds(1), requestFor('x')], [seconds(1), requestFor('y')]]);
    expect(sent.slice(8)).toEqual(['5.1s x', '6.1s y']);
  });

  it('a request that left in the very millisecond of a refusal was under way together with it', () => {
    const requests = [[0, 'a'], [100, 'b'], [seconds(1), 'x'], [seconds(1), 'y']] as const;
    const { sent } = send(undefined, (index) => after(100, index < 2 ? tooMany({ 'retry-after': '5' }) : ok), requests.map(([atMs, name]) => [atMs, requestFor(name)]));
    expect(sent).toEqual(['0s a', '0.1s b', '5.2s x', '6.2s y']);
  });

  it('each further refusal halves the pace again, down to two a minute', () => {
    const names = Array.from({ length: 12 }, (_, index) => String(index));
    const { lives } = send(undefined, () => of(tooMany({ 'retry-after': '1' })), names.map((name) => [0, requestFor(name)]));
    const gaps = lives.slice(1).map(({ atMs }, index) => (atMs - (lives[index]?.atMs ?? 0)) / 1000);
    expect(gaps).toEqual([1, 1, 2, 4, 8, 16, 30, 30, 30, 30, 30]);
  });

  it('is free again in the end', () => {
    const names = [...'bcdefg'];
    const { sent } = send(undefined, refusedOnce(), [[0, requestFor('a')], ...names.map((name) => [minutes(8), requestFor(name)] as const)]);
    expect(sent.slice(1)).toEqual(names.map((name) => `480s ${name}`));
  });
});

describe('a budget with a gate behind it', () => {
  /** Lets everyone through `ms` after they came. */
  const slowGate = (ms: number): { readonly gate: Gate; readonly passed: () => number } => {
    let passed = 0;
    return { gate: (question) => timer(ms).pipe(tap(() => (passed += 1)), switchMap(() => question)), passed: () => passed };
  };

  /** Shut until an instant of virtual time. */
  const shutUntil = (atMs: number): Gate => (question) => defer(() => timer(Math.max(0, atMs - asyncScheduler.now()))).pipe(switchMap(() => question));

  it.each<readonly [string, Gate, readonly string[]]>([
    ['errs', () => throwError(() => new Error('the gate')), ['0s #']],
    ['ends without the question', () => EMPTY, ['0s |']],
  ])('one that %s ends the request, which never leaves', (_, gate, lines) => {
    inVirtualTime(({ flush, timers }) => {
      const { transport, lives } = livingTransport(() => of(ok));
      const seen = diary(createBudget({ perMinute: 6 })(transport, gate)(requestFor('a')));
      flush();
      expect([seen.lines, lives, timers()]).toEqual([lines, [], 0]);
    });
  });

  it('keeps the pace however many stand at the gate when it opens', () => {
    inVirtualTime(({ flush }) => {
      const { transport, lives } = livingTransport(() => of(ok));
      const limited = createBudget({ perMinute: 6 })(transport, shutUntil(minutes(2)));
      for (const name of 'abcd') limited(requestFor(name)).subscribe();
      flush();
      expect(lives.map((life) => `${String(life.atMs / 1000)}s ${nameOf(life)}`)).toEqual(['120s a', '130.167s b', '140.334s c', '150.501s d']);
    });
  });

  it('keeps the rest after a 429 also for those that stand at the gate', () => {
    inVirtualTime(({ flush }) => {
      const { transport, lives } = livingTransport((index) => after(100, index === 0 ? tooMany({ 'retry-after': '30' }) : ok));
      const limited = createBudget()(transport, createGate(1));
      for (const name of 'abc') limited(requestFor(name)).subscribe();
      flush();
      expect(lives.map((life) => `${String(life.atMs / 1000)}s ${nameOf(life)}`)).toEqual(['0s a', '30.1s b', '31.1s c']);
    });
  });

  it('sends each through a gate once that takes its time, and keeps the pace behind it', () => {
    inVirtualTime(({ flush }) => {
      const { transport, lives } = livingTransport(() => of(ok));
      const { gate, passed } = slowGate(20);
      const limited = createBudget({ perMinute: 6 })(transport, gate);
      for (const name of 'abc') limited(requestFor(name)).subscribe();
      flush();
      expect(lives.map((life) => `${String(life.atMs / 1000)}s ${nameOf(life)}`)).toEqual(['0.02s a', '10.207s b', '20.394s c']);
      expect(passed()).toBe(3);
    });
  });

  it('has no place at a shut gate for one who has left', () => {
    inVirtualTime(({ flush, interrupt, timers }) => {
      const { transport, lives } = livingTransport(() => of(ok));
      const waiting = createBudget({ perMinute: 6 })(transport, shutUntil(minutes(2)))(requestFor('a')).subscribe();
      interrupt(seconds(1), () => {
        waiting.unsubscribe();
        expect(timers()).toBe(0);
      });
      flush();
      expect(lives).toEqual([]);
    });
  });
});

describe('the laws of a budget', () => {
  const anyRequests = fc.array(
    fc.record({ atMs: fc.integer({ min: 0, max: minutes(3) }), early: fc.integer({ min: 0, max: minutes(5) }), takesMs: fc.integer({ min: 0, max: seconds(40) }), staysMs: fc.option(fc.integer({ min: 0, max: minutes(10) }), { freq: 3 }) }),
    { minLength: 1, maxLength: 60 },
  );

  it('never more in a minute, never more at once, the earliest due first, and nobody is forgotten', () => {
    fc.assert(
      fc.property(anyRequests, fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 6 }), (requests, perMinute, concurrent) => {
        const due = requests.map(({ atMs, early }) => atMs - early);
        const { lives, timers } = send(
          { perMinute, concurrent },
          (_, request) => after(requests[Number(nameOf(request))]?.takesMs ?? 0, ok),
          requests.map(({ atMs, staysMs }, index) => [atMs, requestFor(String(index), due[index]), staysMs === null ? Infinity : atMs + staysMs]),
        );
        const sentAt = lives.map(({ atMs }) => atMs);
        const indexOf = lives.map((life) => Number(nameOf(life)));
        for (const from of sentAt) {
          expect(sentAt.filter((atMs) => atMs >= from && atMs < from + 60_000).length).toBeLessThanOrEqual(perMinute);
          expect(lives.filter(({ atMs, endedAtMs }) => atMs <= from && (endedAtMs ?? Infinity) > from).length).toBeLessThanOrEqual(concurrent);
        }
        // Whoever leaves, nobody who stood in line then had fallen due before.
        const ends = requests.map(({ atMs, staysMs }) => (staysMs === null ? Infinity : atMs + staysMs));
        indexOf.forEach((index, order) => {
          const atMs = sentAt[order] ?? 0;
          for (const later of indexOf.slice(order + 1)) {
            const stood = (requests[later]?.atMs ?? 0) < atMs && (ends[later] ?? 0) > atMs;
            if (stood) expect(due[later]).toBeGreaterThanOrEqual(due[index] ?? 0);
          }
        });
        const patient = requests.flatMap(({ staysMs }, index) => (staysMs === null ? [index] : []));
        expect(indexOf).toEqual(expect.arrayContaining(patient));
        expect(new Set(indexOf).size).toBe(indexOf.length);
        expect(timers).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it('whatever is refused, the rest that a Retry-After asks for is kept by all', () => {
    fc.assert(
      fc.property(anyRequests, fc.array(fc.option(fc.integer({ min: 1, max: 30 })), { minLength: 1, maxLength: 60 }), (requests, refusals) => {
        const { lives } = send(
          { perMinute: 120 },
          (index) => of(refusals[index] == null ? ok : tooMany({ 'retry-after': String(refusals[index]) })),
          requests.map(({ atMs }, index) => [atMs, requestFor(String(index))]),
        );
        expect(lives).toHaveLength(requests.length);
        lives.slice(1).forEach(({ atMs }, index) => {
          expect(atMs - (lives[index]?.atMs ?? 0)).toBeGreaterThanOrEqual((refusals[index] ?? 0) * 1000);
        });
      }),
    );
  });
});
