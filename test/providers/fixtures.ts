/**
 * The responses in `test/fixtures/<provider>/<name>.json`, each with its expected reading. One file:
 *
 *     { source, trap?, task, response: { status, headers, body }, expect }
 *
 * `source`  where such a response was seen or documented.
 * `trap`    the numbers of the traps that it holds; `traps.ts` describes them.
 * `task`    the requested id.
 * `body`    a string is sent as it is, any other value as JSON.
 * `expect`  a `ReadFailure` if it has a `kind`, else a snapshot. Null fields are omitted in the file and filled in here, so that the
 *           comparison is exact. The message is omitted if the provider gave none: then any non-blank string matches.
 */
/// <reference types="vite/types/importMeta.d.ts" />
import { expect } from 'vitest';
import type { Provider } from '../../src/wire/provider.js';

type Fields = Readonly<Record<string, unknown>>;

interface FixtureFile {
  readonly source: string;
  readonly trap?: number | readonly number[];
  readonly task: string;
  readonly response: { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: unknown };
  readonly expect: Fields;
}

/** One response, ready to be read. */
export interface Fixture {
  readonly provider: string;
  readonly name: string;
  readonly source: string;
  readonly traps: readonly number[];
  readonly task: { readonly provider: string; readonly id: string };
  readonly response: { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string };
  readonly expected: Fields;
}

const files = import.meta.glob<string>('../fixtures/*/*.json', { eager: true, query: '?raw', import: 'default' });

/** Every fixture of every folder. */
export const fixtures: readonly Fixture[] = Object.entries(files).map(([path, text]) => {
  const [provider = '', name = ''] = path.replace('../fixtures/', '').replace('.json', '').split('/');
  const file = JSON.parse(text) as FixtureFile; // written by hand, in the shape above; the suite finds what is not
  const { body } = file.response;
  return {
    provider,
    name,
    source: file.source,
    traps: file.trap === undefined ? [] : [file.trap].flat(),
    task: { provider, id: file.task },
    response: { ...file.response, body: typeof body === 'string' ? body : JSON.stringify(body) },
    expected: file.expect,
  };
});

const modules = import.meta.glob<Fields>('../../src/providers/*.ts', { eager: true });

const isProvider = (value: unknown): value is Provider => typeof value === 'object' && value !== null && 'read' in value && 'pacing' in value;

/** Every provider that a file in `src/providers` exports, its variants included. */
export const providers: readonly { readonly file: string; readonly name: string; readonly provider: Provider }[] = Object.entries(
  modules,
).flatMap(([path, exported]) => {
  const file = path.replace(/^.*\//, '').replace('.ts', '');
  return Object.entries(exported).flatMap(([name, provider]) => (isProvider(provider) ? [{ file, name, provider }] : []));
});

/** The files of `src/providers`, by their names. */
export const providerFiles: readonly string[] = [...new Set(providers.map(({ file }) => file))];

/** The folders with fixtures. */
export const folders: readonly string[] = [...new Set(fixtures.map(({ provider }) => provider))];

/** The provider that a file is named after: `my-provider.ts` exports `myProvider`. */
export const providerOf = (file: string): Provider => {
  const camelCase = file.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const found = providers.find((candidate) => candidate.file === file && candidate.name === camelCase);
  if (found === undefined) throw new Error(`src/providers/${file}.ts exports no provider named ${camelCase}`);
  return found.provider;
};

const nulls = (names: readonly string[]): Fields => Object.fromEntries(names.map((name) => [name, null]));

/** The fields of a snapshot that may be null. */
const nullable = {
  snapshot: ['progress', 'model', 'createdAtMs', 'startedAtMs', 'updatedAtMs', 'finishedAtMs', 'expiresAfterMs', 'providerDeadlineAtMs', 'recordExpiresAtMs', 'usage']
    .concat(['requestId', 'objectType', 'notice', 'request', 'upstream']),
  settings: ['seed', 'resolution', 'ratio', 'durationMs', 'frames', 'framesPerSecond', 'hasAudio', 'draft', 'draftTaskId', 'serviceTier']
    .concat(['priority', 'safetyIdentifier', 'tools', 'action']),
  usage: ['completionTokens', 'totalTokens', 'billedTokens', 'toolUsage'],
  upstream: ['id', 'status', 'resolution'],
  video: ['lastFrameUrl', 'originalUrl', 'expiresAtMs'],
} as const;

const part = (name: 'settings' | 'usage' | 'upstream' | 'video', given: unknown): Fields => ({ ...nulls(nullable[name]), ...(given as Fields) });

const optional = (name: 'usage' | 'upstream' | 'video', given: unknown): Fields | null => (given === undefined ? null : part(name, given));

const someText: unknown = expect.stringMatching(/\S/);

/** The JSON of a body, with integers that a number cannot hold as strings. */
export const exactJson = (body: string): unknown => JSON.parse(body.replace(/(:\s*)(-?\d{17,})/g, '$1"$2"'));

/** The complete failure or snapshot that a fixture expects. */
export const expectationOf = ({ expected, task, response }: Fixture): Fields => {
  if (expected['kind'] === 'decode') return { kind: 'decode', issues: expect.any(Array), ...expected };
  if (expected['kind'] === 'response') return { status: response.status, code: null, message: someText, retryAfterMs: null, ...expected };
  return {
    ...nulls(nullable.snapshot),
    ...expected,
    task,
    settings: part('settings', expected['settings']),
    usage: optional('usage', expected['usage']),
    upstream: optional('upstream', expected['upstream']),
    ...(expected['status'] === 'succeeded' && { video: optional('video', expected['video']) }),
    ...(expected['status'] === 'failed' && { failure: { code: null, message: someText, ...(expected['failure'] as Fields) } }),
    raw: exactJson(response.body),
  };
};
