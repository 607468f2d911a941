/**
 * How providers create tasks: what a body must have, what it says about the task, and where the response has the id.
 */
import { type Either, left, right } from 'fp-ts/Either';
import { LenientNumber, PlainObject, Text, textIn } from './codecs.js';
import { errorResponseIn, isSuccess } from './error-detail.js';
import type { TaskHints } from './facts.js';

/** What a body asks for. */
export interface Creation {
  /** The path of the POST, below the base URL. */
  readonly path: string;
  /** What is known about the task before its first poll. */
  readonly expected: TaskHints;
  /** A text of the body that the task's responses echo; null for none. */
  readonly marker: string | null;
}

/** A provider's way to create tasks. `Body` is the type of its request body. */
export interface TaskCreation<Body = unknown> {
  /** Reads a body: what it asks for, or what is certainly wrong with it, such as `content must be a non-empty array`. Pure, never throws. */
  readonly read: (body: unknown) => Either<string, Creation>;
  /** Never set: carries the type of the body. */
  readonly body?: Body;
}

/** One part of Ark's `content`: a text, or the link of an image, a video or a sound. */
export type ArkContent =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image_url'; readonly image_url: { readonly url: string }; readonly role?: 'first_frame' | 'last_frame' | 'reference_image' }
  | { readonly type: 'video_url'; readonly video_url: { readonly url: string }; readonly role?: 'reference_video' }
  | { readonly type: 'audio_url'; readonly audio_url: { readonly url: string }; readonly role?: 'reference_audio' }
  | { readonly type: 'draft_task'; readonly draft_task: { readonly id: string } };

/**
 * Ark's request body. Fields that are not listed here are sent as they are.
 * Source: docs 82379/1520757 (create).
 */
export interface ArkTaskBody {
  /** A model or an endpoint. */
  readonly model: string;
  readonly content: readonly ArkContent[];
  readonly resolution?: string;
  readonly ratio?: string;
  /** In seconds; -1 lets the model choose. */
  readonly duration?: number;
  readonly frames?: number;
  readonly seed?: number;
  readonly generate_audio?: boolean;
  readonly return_last_frame?: boolean;
  /** `flex` costs half and takes hours. */
  readonly service_tier?: 'default' | 'flex';
  /** In seconds. */
  readonly execution_expires_after?: number;
  /** Receives a POST at each status change. */
  readonly callback_url?: string;
  /** The id of an end user. The task's responses echo it. */
  readonly safety_identifier?: string;
  readonly [field: string]: unknown;
}

/** The request body of the flat dialect. Fields that are not listed here are sent as they are. */
export interface FlatVideoTaskBody {
  /** Such as `seedance_1_5_pro_720p`. */
  readonly model: string;
  readonly prompt?: string;
  /** In seconds. */
  readonly duration?: number;
  readonly [field: string]: unknown;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Ark's creation, also behind gateways that forward it.
 *
 * @param path of the POST, below the base URL
 * @example arkCreation('/contents/generations/tasks').read({ model: 'doubao-seedance-1-5-pro', content: [] }) // left('content must be …')
 */
export const arkCreation = (path: string): TaskCreation<ArkTaskBody> => ({
  read: (body) => {
    if (!PlainObject.is(body) || !isText(body['model'])) return left(noModel(body));
    const { content } = body;
    const issue = Array.isArray(content) && content.length > 0 ? content.map(issueOfPart).find((found) => found !== null) : 'content must be a non-empty array';
    if (issue != null) return left(issue);
    const flags = flagsIn(content as readonly Json[]); // checked above
    return right({ path, expected: hintsOf({ ...flags, ...body }), marker: Text.read(body['safety_identifier']) });
  },
});

/**
 * The creation of the flat dialect: one path for each series of models.
 *
 * Source: docs.globalaiopc.com. Series 1.5 and 2.0 have the paths that are used here; for the paths of other offers set the `path` of `createTask`.
 */
export const flatVideoCreation: TaskCreation<FlatVideoTaskBody> = {
  read: (body) => {
    if (!PlainObject.is(body) || !isText(body['model'])) return left(noModel(body));
    const { prompt, model } = body;
    const files = Object.entries(body).filter(([name, value]) => fileField.test(name) && value != null).flatMap(([name, value]) => [value].flat().map((url: unknown) => [name, url] as const));
    if (prompt !== undefined && !isText(prompt)) return left(`prompt must be a non-empty string, not ${shown(prompt)}`);
    if (prompt === undefined && files.length === 0) return left('prompt must be a non-empty string: the body has no content');
    const wrong = files.find(([, url]) => typeof url === 'string' && !isFile(url));
    if (wrong !== undefined) return left(notFile(...wrong));
    const resolution = /_(\d+p)$/.exec(model)?.[1] ?? null;
    return right({ path: /2[._-]0|video2/.test(model) ? '/v1/kyyvideo2/videos' : '/v1/seedance/videos', expected: hintsOf({ resolution, ...body }), marker: null });
  },
};

const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';

const shown = (value: unknown): string => {
  if (typeof value === 'string') return `'${value.slice(0, 80)}'`;
  return Array.isArray(value) ? 'an array' : typeof value === 'object' && value !== null ? 'an object' : String(value);
};

const noModel = (body: unknown): string =>
  PlainObject.is(body) ? `model must be a non-empty string, not ${shown(body['model'])}` : `the body must be an object, not ${shown(body)}`;

/** Fields of the flat dialect that hold links. */
const fileField = /(?:image|video|audio|frame)s?(?:_?urls?|_list)?$/i;

/** A link that a provider can read, or the file itself as a data URL. */
const isFile = (url: string): boolean => /^(?:(?!file:|blob:)[a-z][a-z\d+.-]+:\/\/\S|data:\S)/i.test(url);

const notFile = (field: string, url: unknown): string => `${field} must be a URL that the provider can read, not ${shown(url)}`;

const issueOfPart = (part: unknown, index: number): string | null => {
  const at = `content[${String(index)}]`;
  if (!PlainObject.is(part) || !isText(part['type'])) return `${at} must be an object with a type`;
  const { type } = part;
  if (type === 'text') return isText(part['text']) ? null : `${at}.text must be a non-empty string, not ${shown(part['text'])}`;
  if (!/^(?:image|video|audio)_url$/.test(type)) return null;
  const file = part[type];
  const url = PlainObject.is(file) ? file['url'] : file;
  return typeof url === 'string' && isFile(url) ? null : notFile(`${at}.${type}.url`, url);
};

/** Flags in a prompt, which older models read: `--resolution 480p --duration 5`. */
const flagsIn = (content: readonly Json[]): Json => {
  const prompt = content.map(({ text }) => (typeof text === 'string' ? text : '')).join(' ');
  const flags = Array.from(prompt.matchAll(/--(resolution|rs|duration|dur) (\S+)/g), ([, name = '', value]) => [name.startsWith('r') ? 'resolution' : 'duration', value]);
  return Object.fromEntries(flags) as Json; // not `any`
};

/** The frames in a second of Seedance's videos. */
const framesPerSecond = 24;

const hintsOf = ({ model, resolution, duration, frames, service_tier: serviceTier }: Json): TaskHints => {
  const seconds = (LenientNumber.read(frames) ?? 0) / framesPerSecond || (LenientNumber.read(duration) ?? 0);
  return { model: Text.read(model), resolution: Text.read(resolution), serviceTier: Text.read(serviceTier), durationMs: seconds > 0 ? seconds * 1000 : null };
};

const longestId = 256;

/**
 * The id in the response of a creation, with or without envelopes; null for an error, or a body without one. The number `id` of a new-api
 * envelope is the row of its database: `task_id` comes first.
 */
export const createdIdIn = (json: unknown): string | null => {
  if (!PlainObject.is(json) || !isSuccess(json) || (json['status'] === undefined && errorResponseIn(json) !== null)) return null;
  const { id, data } = json;
  const found = [json['task_id'], json['taskId'], typeof id === 'string' ? id : null, json['projectId'], typeof data === 'string' ? data : null].map(textIn).find((text) => text !== null);
  const known = found ?? createdIdIn(data) ?? textIn(id);
  return known === null || known.length > longestId || /^\.{1,2}$|\s|[\ud800-\udfff]/u.test(known) ? null : known;
};
