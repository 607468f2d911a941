/**
 * What a creating request asks for, whichever provider it was meant for. Pure.
 * Sources: the providers' pages on creating a task. Ark takes a number of frames before a duration, and its older models
 * flags inside the prompt; kyyAiPower names the resolution in the model.
 */
import type { Submission } from './task-store.js';
import { framesPerSecond } from './video-file.js';

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

const positive = (value: unknown): number | undefined => (Number(value) > 0 ? Number(value) : undefined);

/** `--resolution 480p --duration 5` somewhere in the prompt. */
const flags = (request: Json): Json => {
  const parts = Array.isArray(request.content) ? request.content.filter(isObject) : [];
  const prompt = parts.map((part) => text(part.text) ?? '').join(' ');
  return Object.fromEntries(Array.from(prompt.matchAll(/--(resolution|duration) (\S+)/g), ([, name, value]) => [name, value]));
};

/** Without the keys that hold undefined. */
const defined = <T extends object>(record: { readonly [K in keyof T]: T[K] | undefined }): Partial<T> =>
  // The cast says what the filter does: a key that is left has a value.
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Partial<T>;

/**
 * Reads a creating request.
 *
 * @returns what to submit; every setting that the request leaves open is left open
 * Errors: `RangeError` when the body is no JSON object or names no model.
 */
export const readCreateBody = (body: string): Submission => {
  let request: unknown;
  try {
    request = JSON.parse(body);
  } catch {
    throw new RangeError('the body must be JSON');
  }
  if (!isObject(request)) throw new RangeError('the body must be a JSON object');
  const model = text(request.model);
  if (model === undefined) throw new RangeError('model must be a text');
  const asked = { ...flags(request), ...request };
  const seconds = positive(Number(asked.frames) / framesPerSecond) ?? positive(asked.duration);
  return {
    request,
    ...defined<Submission>({
      model,
      resolution: text(asked.resolution) ?? /_(\d+p)$/.exec(model)?.[1],
      durationMs: seconds === undefined ? undefined : seconds * 1000,
      serviceTier: text(asked.service_tier),
    }),
  };
};
