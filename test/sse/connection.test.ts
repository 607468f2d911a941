/** How the bytes of one connection are parsed. */
import fc from 'fast-check';
import { filter, lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { connect, type Incoming } from '../../src/sse/connection.js';

/** What a connection emits for a body that arrives in these pieces, without `alive`. */
const incoming = async (...pieces: readonly Uint8Array[]): Promise<readonly Incoming[]> => {
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
  const fetch = () => Promise.resolve(new Response(body, { headers: { 'content-type': 'text/event-stream' } }));
  const connection = connect({ url: 'http://server/', headers: () => ({}), fetch, credentials: undefined }, null);
  return lastValueFrom(connection.pipe(filter(({ kind }) => kind !== 'alive'), toArray()));
};

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const read = (text: string): Promise<readonly Incoming[]> => incoming(bytesOf(text));

const cut = (bytes: Uint8Array, size: number): readonly Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.slice(index * size, (index + 1) * size));

describe('a stream of events', () => {
  const anyWord = fc.string({ unit: fc.constantFrom('a', ' ', ':', 'é', '成', '🎬'), minLength: 1, maxLength: 5 });
  const anyEvent = fc.record({ name: fc.constantFrom('feed', 'rows'), id: fc.constantFrom(null, 'e-1'), data: anyWord });

  it('gives the same events for any line ends, with or without a byte order mark, cut anywhere', async () => {
    const anyEnd = fc.constantFrom('\n', '\r\n', '\r');
    const anyMark = fc.constantFrom('', '\uFEFF');
    await fc.assert(fc.asyncProperty(fc.array(anyEvent), anyEnd, anyMark, fc.integer({ min: 1, max: 9 }), async (events, end, mark, size) => {
      const lines = events.flatMap(({ name, id, data }) => [...(id === null ? [] : [`id: ${id}`]), `event: ${name}`, `data: ${data}`, '', ': a comment']);
      const text = mark + lines.map((line) => line + end).join('');
      expect(await incoming(...cut(bytesOf(text), size))).toEqual(events.map((event) => ({ kind: 'event', ...event })));
    }));
  });

  it.each<readonly [string, string, readonly Partial<Incoming>[]]>([
    ['joins lines of data', 'data: a\ndata:b\ndata\n\n', [{ name: 'message', id: null, data: 'a\nb\n' }]],
    ['drops one space after a colon', 'data:  a\n\n', [{ data: ' a' }]],
    ['has no event without data', 'event: rows\nid: 1\n\n', []],
    ['drops an incomplete event', 'data: a\n\ndata: b\n', [{ data: 'a' }]],
    ['ignores unknown fields', 'novelty: 1\nData: x\ndata: a\n\n', [{ data: 'a' }]],
    ['reads a retry time made of digits only', 'retry: 7\nretry: 7s\nretry: -1\n\n', [{ kind: 'retry', retryMs: 7 }]],
    ['forgets an id when it is empty', 'id\ndata: a\n\n', [{ id: '', data: 'a' }]],
    ['ignores an id with a null character', 'id: a\0\ndata: a\n\n', [{ id: null, data: 'a' }]],
  ])('%s', async (_, text, expected) => {
    const found = await read(text);
    expect(found).toHaveLength(expected.length);
    expect(found).toMatchObject(expected);
  });

  it('emits alive for every piece', async () => {
    const body = new Response(':\n', { headers: { 'content-type': 'Text/Event-Stream;charset=utf-8' } });
    const connection = connect({ url: 'http://server/', headers: () => ({}), fetch: () => Promise.resolve(body), credentials: undefined }, null);
    expect(await lastValueFrom(connection.pipe(toArray()))).toEqual([{ kind: 'alive' }]);
  });
});
