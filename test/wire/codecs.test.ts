import fc from 'fast-check';
import { isLeft, isRight, right } from 'fp-ts/Either';
import * as t from 'io-ts';
import { describe, expect, it } from 'vitest';
import { ArkTask } from '../../src/wire/ark.js';
import {
  LenientNumber,
  Unknown,
  Count,
  Counts,
  PlainObject,
  fieldsOf,
  Flag,
  UnixMilliseconds,
  UnixSeconds,
  isLink,
  IsoDate,
  Items,
  Link,
  orNull,
  Percentage,
  SecondsAsMs,
  Text,
  AnyText,
} from '../../src/wire/codecs.js';

type Row = readonly [value: unknown, read: unknown];

const nothing = [null, undefined, {}, [], [1], true, () => 1, Symbol('s')].map((value): Row => [value, null]);

const tables: readonly (readonly [name: string, codec: t.Mixed, rows: readonly Row[]])[] = [
  ['Text', Text, [...nothing, ['a', 'a'], [' a ', ' a '], ['', null], [' \n\t', null], [0, '0'], [154, '154'], [1.5, '1.5'], ['null', 'null']]],
  ['AnyText', AnyText, [...nothing, ['queued', 'queued'], ['', ''], [' ', ' '], [5, '5']]],
  [
    'LenientNumber',
    LenientNumber,
    [
      ...nothing,
      ...[0, -1, 1.5].map((value): Row => [value, value]),
      ...[1e300, 18_446_744_073_709_551_617].map((value): Row => [value, null]),
      ...[['1.5', 1.5], [' 2 ', 2], ['-3', -3], ['1e3', 1000], ['1E+3', 1000], ['1e10', 1e10], ['007', 7]].map(([text, value]): Row => [text, value]),
      ...['', ' ', 'abc', '0x10', '1,5', '1.', '.5', '--1', '1e999', 'NaN', 'Infinity', '１', Number.NaN, Infinity, -Infinity].map((value): Row => [value, null]),
    ],
  ],
  [
    'Count',
    Count,
    [
      ...nothing,
      ...[0, 1, 40594, Number.MAX_SAFE_INTEGER].map((value): Row => [value, value]),
      ...[['40594', 40594], ['0', 0], ['5.0', 5]].map(([text, value]): Row => [text, value]),
      ...[-1, 0.5, '0.5', '-1', 2 ** 53, 18446744073709551617, '18446744073709551617', Infinity, Number.NaN, ''].map((value): Row => [value, null]),
    ],
  ],
  ['Flag', Flag, [...nothing.slice(0, 5), [true, true], [false, false], ['true', true], ['false', false], [0, null], [1, null], ['', null], ['yes', null]]],
  [
    'SecondsAsMs',
    SecondsAsMs,
    [
      ...nothing,
      ...[[5, 5_000], ['5', 5_000], [5.04, 5_040], ['5.04', 5_040], [0.0015, 2], [172_800, 172_800_000]].map(([value, ms]): Row => [value, ms]),
      ...[0, -1, -5.5, '0', '', 'NaN', '5s', 0.0001, 1e-9, 4_102_444_800, 1_777_288_506_000, 1e300].map((value): Row => [value, null]),
    ],
  ],
  [
    'UnixMilliseconds',
    UnixMilliseconds,
    [...nothing, [1_790_000_000_123, 1_790_000_000_123], ['1790000000123', 1_790_000_000_123], [0, null], [-1, null], ['', null], [4_102_444_800_000, null]],
  ],
  [
    'IsoDate',
    IsoDate,
    [
      ...nothing,
      ...[['2026-04-27T11:19:59Z', 1_777_288_799_000], [' 2026-04-27T11:19:59.123456789Z ', 1_777_288_799_123], ['2026-04-27T13:19:59.5+02:00', 1_777_288_799_500]].map(([value, ms]): Row => [value, ms]),
      ...['2026-04-27', '2026-04-27T11:19:59', '2026-13-27T11:19:59Z', '1969-12-31T23:59:59Z', '2101-01-01T00:00:00Z', 'now', '', 1_777_288_799].map((value): Row => [value, null]),
    ],
  ],
  [
    'UnixSeconds',
    UnixSeconds,
    [
      ...nothing,
      ...[[1_751_427_271, 1_751_427_271_000], ['1718049470', 1_718_049_470_000], [1_751_427_271.5, 1_751_427_271_500]].map(([value, ms]): Row => [value, ms]),
      ...[0, '0', -1, 1e-9, 18446744073709551617, '18446744073709551617', 'now', '2026-04-27T11:19:59Z'].map((value): Row => [value, null]),
    ],
  ],
  [
    'Percentage',
    Percentage,
    [
      ...nothing,
      ...[['50%', 0.5], ['50', 0.5], [50, 0.5], ['0%', 0], [0, 0], ['100%', 1], [100, 1], ['12.5%', 0.125], [' 50 % ', 0.5]].map(([value, part]): Row => [value, part]),
      ...[['120%', 1], [1e15, 1]].map(([value, part]): Row => [value, part]),
      ...['-3%', -3, 'half', '%', '', '50%%', '%50', '5%0', 'NaN%', Infinity, Number.NaN].map((value): Row => [value, null]),
    ],
  ],
  [
    'Link',
    Link,
    [
      ...nothing,
      ...['https://cdn.example.com/a.mp4', 'http://x.example', 'HTTPS://X.example/A?b=%2F&c=d%20e#f', 'https://x.example/...mp4?...'].map((link): Row => [link, link]),
      [' https://x.example/a.mp4?b=c\n', 'https://x.example/a.mp4?b=c'],
      ...['', 'cdn.example.com', '//x.example', '/a.mp4', 'ftp://x.example', 'javascript:alert(1)', 'data:text/html,x', 'file:///a'].map((value): Row => [value, null]),
      ...['https://', 'https:///a', 'http:/x.example', 'https://?a', 'https://#a', 'see https://x.example', 'https://x.example/a b', 'https://x.example https://y.example', 5].map((value): Row => [value, null]),
    ],
  ],
  ['Items', Items, [[[], []], [[1, 'a', null], [1, 'a', null]], [{}, null], ['[]', null], [null, null], [undefined, null], [5, null]]],
  [
    'Counts',
    Counts,
    [
      ...nothing,
      [{ web_search: 2 }, { web_search: 2 }],
      [{ web_search: '2' }, { web_search: 2 }],
      [{ web_search: 2, note: 'x', none: null }, { web_search: 2 }],
      [{ web_search: Infinity, other: 0 }, { other: 0 }],
      [{ web_search: -1 }, null],
      [{ note: 'x' }, null],
      ['x', null],
    ],
  ],
];

describe.each(tables)('%s', (_, codec, rows) => {
  it('has a name, so that its reports can be read', () => {
    expect(tables.map(([name]) => name)).toContain(codec.name);
  });

  it.each(rows)('%o is read as %o', (value, read) => {
    expect(codec.decode(value)).toEqual(right(read));
  });

  it('never fails for any value, and encodes its result unchanged', () => {
    fc.assert(fc.property(fc.anything(), (value) => {
      const reading = codec.decode(value);
      expect(isRight(reading)).toBe(true);
      if (isRight(reading)) expect(codec.encode(reading.right)).toBe(reading.right);
    }));
  });
});

describe('SecondsAsMs and UnixSeconds', () => {
  it('give null or an integer of ms above 0, for any number', () => {
    fc.assert(fc.property(fc.double(), (seconds) => {
      for (const value of [seconds, String(seconds)]) {
        expect(SecondsAsMs.decode(value)).toSatisfy((reading: { right: number | null }) =>
          reading.right === null || (Number.isSafeInteger(reading.right) && reading.right > 0));
      }
    }));
  });

  it('read integer seconds exactly, from a number and from a string', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 4_102_444_799 }), (seconds) => {
      expect(UnixSeconds.decode(seconds)).toEqual(right(seconds * 1000));
      expect(UnixSeconds.decode(String(seconds))).toEqual(right(seconds * 1000));
    }));
  });
});

describe('Percentage', () => {
  it('is null or from 0 to 1, for any number', () => {
    fc.assert(fc.property(fc.double(), (percent) => {
      for (const value of [percent, `${percent}%`]) {
        expect(Percentage.decode(value)).toSatisfy((reading: { right: number | null }) =>
          reading.right === null || (reading.right >= 0 && reading.right <= 1));
      }
    }));
  });
});

describe('isLink', () => {
  it('accepts every http(s) URL', () => {
    fc.assert(fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true, validSchemes: ['http', 'https'] }), (url) => {
      expect(isLink(url)).toBe(true);
      expect(Link.decode(url)).toEqual(right(url));
    }));
  });

  it.each(['https://user:pass@files.example/v.mp4', 'https://user@files.example', 'http://files.example@127.0.0.1/v.mp4', 'https://files.example\\@127.0.0.1/v.mp4'])(
    'rejects a URL with a user name or password: %s',
    (url) => {
      expect(isLink(url)).toBe(false);
      expect(Link.decode(url)).not.toEqual(right(url));
    },
  );

  it('accepts an @ after the host', () => {
    expect(isLink('https://files.example/a@b.mp4?c=@d#@e')).toBe(true);
  });

  it('rejects a string with a space in it', () => {
    fc.assert(fc.property(fc.webUrl(), fc.constantFrom(' ', '\n', '\t'), fc.string(), (url, blank, text) => {
      expect(isLink(`${url}${blank}x${text}`)).toBe(false);
      expect(isLink(`x${text}${blank}${url}`)).toBe(false);
    }));
  });
});

describe('orNull', () => {
  const Point = t.type({ x: t.number, label: Text }, 'Point');

  it('reads what its codec reads, and null where it fails', () => {
    expect(orNull(Point).decode({ x: 1, label: ' ' })).toEqual(right({ x: 1, label: null }));
    for (const value of [{}, { x: '1' }, null, 'x', []]) expect(orNull(Point).decode(value)).toEqual(right(null));
    expect(orNull(Point).name).toBe('Point | null');
  });
});

describe('fieldsOf', () => {
  const codecs = { label: Text, size: Count, on: Flag, rest: Unknown };
  const Known = fieldsOf(codecs, 'Known');
  const anyObject = fc.dictionary(fc.constantFrom('label', 'size', 'on', 'rest', 'other', 'toString'), fc.anything());

  it('has the whole interface of io-ts: it works in pipes, as a function and with reporters', () => {
    const Even = new t.Type<number, number, number | null>(
      'Even',
      t.number.is,
      (value, context) => (value !== null && value % 2 === 0 ? t.success(value) : t.failure(value, context)),
      t.identity,
    );
    const piped = Count.pipe(Even);
    expect(piped.name).toBe('pipe(Count, Even)');
    expect([piped.decode('4'), piped.encode(6), piped.is(4), piped.is('4')]).toEqual([right(4), 6, true, false]);
    expect(Count.pipe(Even, 'EvenCount').name).toBe('EvenCount');
    const odd = piped.decode('3');
    expect(isLeft(odd) && odd.left.map(({ value, context }) => [value, context[0]?.type.name, context[0]?.actual])).toEqual([[3, 'pipe(Count, Even)', '3']]);
    expect([ArkTask.asDecoder(), ArkTask.asEncoder()]).toEqual([ArkTask, ArkTask]);
    expect(['5', 'x'].map(Count.decode)).toEqual([right(5), right(null)]);
    expect(isLeft(t.type({ task: ArkTask }).pipe(t.any as never).decode({ task: 1 }))).toBe(true);
  });

  it('reads the fields that t.type reads, and leaves out fields without a codec', () => {
    const byType = t.type(codecs, 'Known');
    fc.assert(fc.property(anyObject, (value) => {
      const reading = byType.decode(value);
      expect(isRight(reading)).toBe(true);
      if (isRight(reading)) {
        const { label, size, on, rest } = reading.right;
        expect(Known.decode(value)).toEqual(right({ label, size, on, rest }));
      }
    }));
  });

  it('reads missing fields as null, and Unknown fields unchanged', () => {
    expect(Known.decode({ rest: [1], other: 2 })).toEqual(right({ label: null, size: null, on: null, rest: [1] }));
    expect(Known.name).toBe('Known');
  });

  it('recognises its result, and encodes it unchanged', () => {
    fc.assert(fc.property(anyObject.filter((value) => !Number.isNaN(value['rest'])), (value) => {
      const reading = Known.decode(value);
      if (!isRight(reading)) throw new Error('no reading');
      expect(Known.is(reading.right)).toBe(true);
      expect(Known.encode(reading.right)).toBe(reading.right);
    }));
    for (const value of [null, [], 'x', { label: 5, size: 'x', on: null, rest: null }]) expect(Known.is(value)).toBe(false);
  });
});

describe('codecs that fail', () => {
  it.each([null, undefined, 5, 'text', true, []])('Fields and a task refuse %o, and report its place and value', (value) => {
    expect(PlainObject.is(value)).toBe(false);
    const reading = ArkTask.decode(value);
    expect(isLeft(reading) && reading.left.map((error) => error.context.map(({ key, type }) => `${key}:${type.name}`))).toEqual([[':ArkTask']]);
    expect(isLeft(reading) && reading.left[0]?.value).toBe(value);
  });

  it('a task reads any object: odd fields are null, and do not affect others', () => {
    fc.assert(fc.property(fc.dictionary(fc.string(), fc.anything()), (value) => {
      expect(isRight(ArkTask.decode({ ...value, id: 'cgt-1', status: 5, seed: 'x' }))).toBe(true);
    }));
    expect(ArkTask.decode({ id: 'cgt-1', status: {}, seed: 'x' })).toMatchObject(right({ id: 'cgt-1', status: null, seed: null }));
  });
});
