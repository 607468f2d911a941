/**
 * Reads the body of a creation, for any provider.
 * Sources: the providers' pages on creating a task. Ark prefers a number of frames to a duration, and its older models
 * read flags from the prompt; kyyAiPower has the resolution in the model name, and a `prompt` or Ark's `content`.
 */
import type { PromptField } from './sites.js';
import type { Submission } from './task-store.js';
import { framesPerSecond } from './video-file.js';

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

const positive = (value: unknown): number | undefined => (Number(value) > 0 ? Number(value) : undefined);

/** Flags in the prompt, such as `--resolution 480p --duration 5`. */
const flags = (request: Json): Json => {
  const parts = Array.isArray(request.content) ? request.content.filter(isObject) : [];
  const prompt = parts.map((part) => text(part.text) ?? '').join(' ');
  return Object.fromEntries(Array.from(prompt.matchAll(/--(resolution|duration) (\S+)/g), ([, name, value]) => [name, value]));
};

/** A prompt of `content`: at least one part with a type, and no empty text. */
const isContent = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every((part) => isObject(part) && text(part.type) !== undefined && (part.type !== 'text' || text(part.text) !== undefined));

const hasPrompt: Readonly<Record<PromptField, (request: Json) => boolean>> = {
  content: ({ content }) => isContent(content),
  prompt: ({ prompt }) => text(prompt) !== undefined,
};

/** Removes the keys whose value is undefined. */
const defined = <T extends object>(record: { readonly [K in keyof T]: T[K] | undefined }): Partial<T> =>
  // Safe: the filter keeps only keys with a value.
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Partial<T>;

/**
 * Reads the body of a creation.
 *
 * @param promptFields where the prompt may be
 * @returns what to submit, with the settings that the request has
 * Throws `RangeError` unless the body is a JSON object with a `model` and a prompt.
 */
export const readCreateBody = (body: string, promptFields: readonly PromptField[]): Submission => {
  let request: unknown;
  try {
    request = JSON.parse(body);
  } catch {
    throw new RangeError('the body must be JSON');
  }
  if (!isObject(request)) throw new RangeError('the body must be a JSON object');
  const model = text(request.model);
  if (model === undefined) throw new RangeError('model must be a non-empty string');
  if (!promptFields.some((field) => hasPrompt[field](request))) throw new RangeError(`${promptFields.join(' or ')} must hold a prompt`);
  const settings = { ...flags(request), ...request };
  const seconds = positive(Number(settings.frames) / framesPerSecond) ?? positive(settings.duration);
  return {
    request,
    ...defined<Submission>({
      model,
      resolution: text(settings.resolution) ?? /_(\d+p)$/.exec(model)?.[1],
      durationMs: seconds === undefined ? undefined : seconds * 1000,
      serviceTier: text(settings.service_tier),
    }),
  };
};
