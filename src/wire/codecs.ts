/**
 * Small codecs that are independent of any provider. Each reads one kind of value leniently: a missing, null, empty or unexpected value
 * is `null`, so that one odd field never hides a finished video. Only a body that is not an object fails.
 */
import { isRight, right } from 'fp-ts/Either';
import type * as t from 'io-ts';
import { Codec, unreadable } from './codec.js';

/** A codec that never fails: a value that it cannot read is null. */
export interface Lenient<A> extends t.Type<A | null, unknown, unknown> {
  /** As `decode`, without the `Either`. */
  readonly read: (value: unknown) => A | null;
}

const asItIs = <T>(value: T): T => value;

const lenient = <A>(name: string, read: (value: unknown) => A | null): Lenient<A> =>
  Object.assign(
    new Codec<A | null, unknown>(
      name,
      (value): value is A | null => read(value) === value,
      (value) => right(read(value)),
      asItIs,
    ),
    { read },
  );

type FieldCodec = Pick<Lenient<unknown>, 'is' | 'read'>;
type FieldsOf<Codecs extends Readonly<Record<string, FieldCodec>>> = { readonly [Name in keyof Codecs]: ReturnType<Codecs[Name]['read']> };

/** A codec of an object's fields. */
export interface Fields<A> extends t.Type<A, unknown, unknown> {
  /** As `decode`, without the `Either`; null when the value is not a plain object. */
  readonly read: (value: unknown) => A | null;
}

/**
 * As `t.type`, for fields that never fail: it tracks no context, which would cost more than the rest of reading a response.
 */
export const fieldsOf = <Codecs extends Readonly<Record<string, FieldCodec>>>(codecs: Codecs, name: string): Fields<FieldsOf<Codecs>> => {
  const fields = Object.entries(codecs);
  // Copies have every field in one order, so they share a hidden class.
  const blank: Readonly<Record<string, unknown>> = Object.fromEntries(fields.map(([field]) => [field, null]));
  const read = (value: unknown): FieldsOf<Codecs> | null => {
    if (!PlainObject.is(value)) return null;
    const reading = { ...blank };
    for (const [field, codec] of fields) reading[field] = codec.read(value[field]);
    return reading as FieldsOf<Codecs>; // every field was read by its codec
  };
  const codec = new Codec<FieldsOf<Codecs>, unknown>(
    name,
    (value): value is FieldsOf<Codecs> => PlainObject.is(value) && fields.every(([field, codec]) => codec.is(value[field])),
    (value, context) => {
      const reading = read(value);
      return reading === null ? unreadable(value, context) : right(reading);
    },
    asItIs,
  );
  return Object.assign(codec, { read });
};

/**
 * Reads with a codec; null when the codec fails.
 *
 * @example orNull(ArkTask).read('no task') // null
 */
export const orNull = <A extends object>(codec: t.Type<A, unknown, unknown>): Lenient<A> =>
  lenient(`${codec.name} | null`, 'read' in codec ? (codec as Fields<A>).read : (value) => {
    const result = codec.decode(value);
    return isRight(result) ? result.right : null;
  });

const numeric = /^\s*-?\d+(?:\.\d+)?(?:e[+-]?\d+)?\s*$/i;

const numberIn = (value: unknown): number | null => {
  const number = typeof value === 'string' && numeric.test(value) ? Number(value) : value;
  return typeof number === 'number' && Math.abs(number) <= Number.MAX_SAFE_INTEGER ? number : null;
};

/** A value as a non-blank string, or null. A number beyond the safe integers was rounded: it has no digits of its own. */
export const textIn = (value: unknown): string | null =>
  typeof value === 'number' ? (Math.abs(value) <= Number.MAX_SAFE_INTEGER ? String(value) : null) : typeof value === 'string' && value.trim() !== '' ? value : null;

/** The longest text of a provider that is kept, in characters. */
const longestText = 1_000;

/**
 * A text of at most `longest` characters and an ellipsis. No character beyond U+FFFF is halved.
 *
 * @example keptText('a long text', 6) // 'a long…'
 */
export const keptText = (text: string, longest = longestText): string =>
  text.length <= longest ? text : `${text.slice(0, longest).replace(/[\uD800-\uDBFF]$/, '')}…`;

/** Any value, to be read later. */
export const Unknown = /* @__PURE__ */ lenient<unknown>('Unknown', asItIs);

/** A non-blank string, cut to 1000 characters; a number counts as its digits. */
export const Text = /* @__PURE__ */ lenient('Text', (value) => {
  const text = textIn(value);
  return text && keptText(text);
});

/** As `Text`, but keeps a blank string: a status word may be empty. */
export const AnyText = /* @__PURE__ */ lenient('AnyText', (value) => (typeof value === 'string' ? keptText(value) : textIn(value)));

/** A number within the safe integer range, or a string with one. */
export const LenientNumber = /* @__PURE__ */ lenient('LenientNumber', numberIn);

const countIn = (value: unknown): number | null => {
  const number = numberIn(value);
  return number !== null && Number.isSafeInteger(number) && number >= 0 ? number : null;
};

/** A safe integer ≥ 0, or a string with one. */
export const Count = /* @__PURE__ */ lenient('Count', countIn);

/** A boolean, or a string with one. */
export const Flag = /* @__PURE__ */ lenient('Flag', (value) =>
  value === true || value === 'true' ? true : value === false || value === 'false' ? false : null,
);

const year2100Ms = 4_102_444_800_000;

/** Seconds above 0 → ms; null beyond the time from 1970 to 2100. */
export const SecondsAsMs = /* @__PURE__ */ lenient('SecondsAsMs', (value) => {
  const ms = Math.round((numberIn(value) ?? 0) * 1000);
  return ms > 0 && ms < year2100Ms ? ms : null;
});

/** Unix seconds → ms since the epoch. 0 means "not yet". */
export const UnixSeconds = SecondsAsMs;

/** Unix milliseconds; null for 0, which means "not yet", and beyond the time from 1970 to 2100. */
export const UnixMilliseconds = /* @__PURE__ */ lenient('UnixMilliseconds', (value) => SecondsAsMs.read((numberIn(value) ?? 0) / 1000));

const isoDate = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?)\d*(Z|[+-]\d\d:\d\d)$/;

/** A date of ISO 8601 with its time zone → ms since the epoch, cut to whole ms. Null beyond the time from 1970 to 2100. */
export const IsoDate = /* @__PURE__ */ lenient('IsoDate', (value) => {
  const [, date, zone] = isoDate.exec((textIn(value) ?? '').trim()) ?? [];
  return date === undefined || zone === undefined ? null : UnixMilliseconds.read(Date.parse(date + zone));
});

/** `"50%"`, `"50"` or 50 → 0.5; at most 1. */
export const Percentage = /* @__PURE__ */ lenient('Percentage', (value) => {
  const percent = numberIn(typeof value === 'string' ? value.replace(/%\s*$/, '') : value);
  return percent !== null && percent >= 0 ? Math.min(percent / 100, 1) : null;
});

const httpUrl = /^https?:\/\/[^\s/?#@\\]+(?:[/?#]\S*)?$/i;

/**
 * Whether a string is one http(s) URL, with or without white space around it. A URL with a user name or password is no link, because a
 * client would send them to its host.
 *
 * @example isLink('task failed: https://example.com') // false
 */
export const isLink = (text: string): boolean => httpUrl.test(text.trim());

/** An http(s) URL without the white space around it. The query stays unchanged, because it may be signed. */
export const Link = /* @__PURE__ */ lenient('Link', (value) =>
  typeof value === 'string' && isLink(value) ? value.trim() : null,
);

const isPlainObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && (Object.getPrototypeOf(value) === Object.prototype || Object.prototype.toString.call(value) === '[object Object]');

/** A plain object. */
export const PlainObject: t.Type<Readonly<Record<string, unknown>>, unknown, unknown> = /* @__PURE__ */ new Codec(
  'PlainObject',
  isPlainObject,
  (value, context) => (isPlainObject(value) ? right(value) : unreadable(value, context)),
  asItIs<unknown>,
);

/** The first result of a function that is not null; null if there is none. */
export const firstOf = <A, B>(items: readonly A[], read: (item: A) => B | null): B | null => {
  for (const item of items) {
    const found = read(item);
    if (found !== null) return found;
  }
  return null;
};

/**
 * A plain object, or the one whose JSON a string has, with or without words around it. Null for any other value.
 *
 * @example objectIn('upstream: {"code":5}') // { code: 5 }
 */
export const objectIn = (value: unknown): Readonly<Record<string, unknown>> | null => {
  if (typeof value !== 'string') return isPlainObject(value) ? value : null;
  const [start, end] = [value.indexOf('{'), value.lastIndexOf('}')];
  if (start < 0 || end < start) return null;
  try {
    const json: unknown = JSON.parse(value.slice(start, end + 1));
    return isPlainObject(json) ? json : null;
  } catch {
    return null;
  }
};

/** The values of the fields whose name matches, in the order of their names. */
export const valuesOf = (body: Readonly<Record<string, unknown>>, name: RegExp): readonly unknown[] =>
  Object.keys(body).filter((key) => name.test(key)).sort().map((key) => body[key]);

/** An array of anything. */
export const Items = /* @__PURE__ */ lenient('Items', (value) =>
  Array.isArray(value) ? (value as readonly unknown[]) : null,
);

/** Counts by name; other values are left out. */
export const Counts = /* @__PURE__ */ lenient('Counts', (value): Readonly<Record<string, number>> | null => {
  if (!PlainObject.is(value)) return null;
  const counts: [string, number][] = [];
  for (const name of Object.keys(value)) {
    const count = countIn(value[name]);
    if (count !== null) counts.push([keptText(name), count]);
  }
  return counts.length === 0 ? null : Object.fromEntries(counts);
});
