/**
 * Finds out what a field of a response becomes: puts a value into a body, reads it with the provider, and compares the snapshots.
 */
import { isRight } from 'fp-ts/Either';
import { isEqual } from '../../src/task/snapshot.js';
import type { Provider } from '../../src/wire/provider.js';
import type { DialectFields, Field } from './fields.js';

type Body = Readonly<Record<string, unknown>>;

/** A copy of a body with a value at a path; undefined removes it. */
const put = (body: unknown, [name = '', ...rest]: readonly string[], value: unknown): Body => {
  const fields = (typeof body === 'object' && body !== null ? body : {}) as Body;
  const inner = rest.length === 0 ? value : put(fields[name], rest, value);
  const { [name]: _, ...others } = fields;
  return inner === undefined ? others : { ...others, [name]: inner };
};

/** The parts of a snapshot that are objects of our own. */
const parts: ReadonlySet<string> = new Set(['settings', 'usage', 'video', 'failure', 'upstream', 'request']);

/** The leaves of a snapshot: `settings.seed` → 4301. The ref and what is null are left out. */
export type Leaves = ReadonlyMap<string, unknown>;

export const leavesOf = (snapshot: object, prefix = ''): Leaves =>
  new Map(Object.entries(snapshot).flatMap(([name, value]: readonly [string, unknown]): readonly (readonly [string, unknown])[] => {
    if (name === 'task') return [];
    if (parts.has(name) && prefix === '') return value === null ? [] : [...leavesOf(value as object, `${name}.`)]; // one of our own objects
    return value === null ? [] : [[prefix + name, value]];
  }));

/** The snapshot of the dialect's body with these fields, each with its sample or, if asked for, the value that it is compared with. */
export const read = (provider: Provider, { bodies }: DialectFields, fields: readonly Field[], isBaseline = false): Leaves => {
  const [first] = fields;
  const own = new Set(fields.map(({ path }) => path));
  const changes = [
    ...fields.flatMap(({ without = [] }) => without.filter((path) => !own.has(path)).map((path) => [path, undefined] as const)),
    ...fields.flatMap(({ needs = {} }) => Object.entries(needs).filter(([path]) => !own.has(path))),
    ...fields.map(({ path, sample, instead }) => [path, isBaseline ? instead : sample] as const),
  ];
  let headers: Readonly<Record<string, string>> = {};
  let body = bodies[first?.into ?? 'succeeded'] as Body;
  for (const [path, value] of changes) {
    if (!path.startsWith('header ')) body = put(body, path.split('.'), value);
    else if (value !== undefined) headers = { ...headers, [path.replace('header ', '')]: String(value) };
  }
  const result = provider.read({ provider: provider.id, id: 'task-1' }, { status: 200, headers, body: JSON.stringify(body) });
  if (!isRight(result)) throw new Error(`${provider.id} reads no task in ${JSON.stringify(body)}`);
  return leavesOf(result.right.snapshot);
};

/** A leaf of the snapshot that a field changes. */
export interface Landing {
  readonly leaf: string;
  readonly value: unknown;
  /** How the value is converted, empty for not at all; null for a leaf that is computed from it. */
  readonly conversion: string | null;
}

const conversionOf = (leaf: string, sample: unknown, value: unknown): string | null => {
  if (leaf === 'status') return 'by the [status words](providers.md)';
  if (isEqual(sample, value)) return '';
  if (typeof sample === 'number' && value === sample * 1_000) return 's → ms';
  if (typeof sample === 'string' && sample.endsWith('%') && value === Number.parseFloat(sample) / 100) return '% → 0 to 1';
  if (typeof sample === 'string' && Date.parse(sample) === value) return 'ISO 8601 → ms';
  if (typeof value === 'string' && value.startsWith('https:') && JSON.stringify(sample).includes(value)) return 'the first link';
  if (Array.isArray(sample) && isEqual(sample.map(({ type }: { readonly type: unknown }) => type), value)) return 'the names';
  return null;
};

/** What a field becomes. */
export const landingsOf = (provider: Provider, dialect: DialectFields, field: Field): readonly Landing[] => {
  const before = read(provider, dialect, [field], true);
  return [...read(provider, dialect, [field])]
    .filter(([leaf, value]) => !isEqual(value, before.get(leaf)))
    .map(([leaf, value]) => ({ leaf, value, conversion: conversionOf(leaf, field.sample, value) }));
};

/** Whether the first of two fields takes precedence for a leaf, when a body has both. */
export const isBefore = (provider: Provider, dialect: DialectFields, leaf: string, [one, other]: readonly [Field, Field]): boolean =>
  isEqual(read(provider, dialect, [one, other]).get(leaf), read(provider, dialect, [one]).get(leaf));

/** The paths of everything in a body that is neither an object nor an array: `a.b`, `a[].b`. */
export const pathsIn = (body: unknown, path = ''): readonly string[] => {
  if (Array.isArray(body)) return body.flatMap((item) => pathsIn(item, `${path}[]`));
  if (typeof body !== 'object' || body === null) return [path];
  return Object.entries(body).flatMap(([name, value]) => pathsIn(value, path === '' ? name : `${path}.${name}`));
};

/** A body that reports the path of each field that is read from it. */
export const spied = <T>(body: T, onRead: (path: string) => void, path = ''): T =>
  typeof body !== 'object' || body === null
    ? body
    : new Proxy(body, {
        get: (target, name) => {
          const value: unknown = Reflect.get(target, name);
          if (typeof name === 'symbol' || (Array.isArray(target) && !/^\d+$/.test(name))) return value;
          const at = Array.isArray(target) ? `${path}[]` : path === '' ? name : `${path}.${name}`;
          if (!Array.isArray(target)) onRead(at);
          return spied(value, onRead, at);
        },
      });
