/**
 * Watchers of one task with gates of their own: what one gate does concerns nobody else.
 */
import { concat, EMPTY, ignoreElements, last, NEVER, type Observable, of, switchMap, throwError, timer } from 'rxjs';
import { expect, it } from 'vitest';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import { createGate, type Gate } from '../../src/transport/gate.js';
import { createTaskClient } from '../../src/client/task-client.js';
import { marbles } from '../support/marbles.js';
import { accountOf, anyfastAnswer, arkTask, at, diary, every, livingTransport, played, running, seconds, succeeded, taskOf, to, tooMany } from '../support/client.js';

it('a gate that ends long after the answer ends no later question', marbles(({ flush }) => {
  const { transport } = livingTransport((index) => played({ ...(index < 3 ? running : succeeded), afterMs: seconds(2) }));
  const client = createTaskClient({ transport, accounts: [accountOf(ark)] });
  const gate: Gate = <T>(question: Observable<T>) => concat(question, timer(seconds(11)).pipe(ignoreElements()));
  const seen = diary(client.watch(arkTask, { gate, policy: every(seconds(10)) }), to);
  flush();
  expect(seen.error).toBeNull();
  expect(seen.lines).toEqual(['2s running', '38s succeeded', '38s |']);
}));

const gates: readonly (readonly [string, Gate, readonly string[]])[] = [
  ['errs', () => timer(500).pipe(switchMap(() => throwError(() => new Error('the gate of another')))), ['0.5s #']],
  ['ends without the question', () => timer(500).pipe(switchMap(() => EMPTY)), ['0.5s #']],
];

it.each(gates)('a gate that %s ends its own watch alone', (_, gate, lines) => {
  marbles(({ flush }) => {
    const { transport, lives } = livingTransport((index) => played({ ...(index === 0 ? running : succeeded), afterMs: seconds(2) }));
    const client = createTaskClient({ transport, accounts: [accountOf(ark)] });
    const gated = diary(client.watch(arkTask, { gate, policy: every(seconds(10)) }), to);
    const open = diary(client.watch(arkTask, { policy: every(seconds(10)) }), to);
    flush();
    expect(open.error).toBeNull();
    expect(open.lines.map((line) => line.split(' ')[1])).toEqual(['running', 'succeeded', '|']);
    // The gated one is given the answer to the other's question, if that is there first.
    if (gated.error !== null) expect(gated.lines).toEqual(lines);
    expect(lives.every(({ end }) => end === 'answered')).toBe(true);
  })();
});

it('a gate that is shut keeps no other watcher from asking', marbles(({ flush }) => {
  const { transport, lives } = livingTransport((index) => played(index === 0 ? running : succeeded));
  const client = createTaskClient({ transport, accounts: [accountOf(ark)] });
  const paused = diary(client.watch(arkTask, { gate: () => NEVER, policy: every(seconds(10)) }), to);
  const open = diary(client.watch(arkTask, { policy: every(seconds(10)) }), to);
  flush();
  expect(open.lines).toEqual(['0s running', '10s succeeded', '10s |']);
  expect(paused.lines).toEqual(open.lines);
  expect(lives).toHaveLength(2);
}));

it('the question of a watcher that has left does not stand at its gate any more', marbles(({ flush }) => {
  const { transport, lives } = livingTransport((index) => played(index === 0 ? running : succeeded));
  const client = createTaskClient({ transport, accounts: [accountOf(ark)] });
  diary(client.watch(arkTask, { gate: (question) => timer(seconds(100)).pipe(switchMap(() => question)) }), to, seconds(5));
  const open: { diary?: ReturnType<typeof diary> } = {};
  at(seconds(1), () => { open.diary = diary(client.watch(arkTask, { gate: (question) => of(0).pipe(switchMap(() => question)), policy: every(seconds(10)) }), to); });
  flush();
  expect(open.diary?.lines).toEqual(['1s running', '11s succeeded', '11s |']);
  expect(lives).toHaveLength(2);
}));

it('a gate may want a value of every question that it lets through', marbles(({ flush }) => {
  const { transport } = livingTransport((index) => played({ ...(index === 0 ? tooMany({ 'retry-after': '60' }) : anyfastAnswer('SUCCESS')), afterMs: 500 }));
  const client = createTaskClient({ transport, accounts: [accountOf(anyfast)] });
  const narrow = createGate(1);
  const gate: Gate = (question) => narrow(question).pipe(last());
  const seen = ['a', 'b', 'c'].map((id) => diary(client.watch(taskOf(anyfast, id), { gate }), to));
  flush();
  for (const { error, lines } of seen) {
    expect(error).toBeNull();
    expect(lines.map((line) => line.split(' ')[1])).toEqual(['succeeded', '|']);
  }
}));
