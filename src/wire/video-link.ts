/**
 * Finds the link of a finished video in the other forms of the same server families: an object or a list instead of a string, under
 * `metadata` or `output`, or in JSON text.
 */
import { firstOf, Link, objectIn, valuesOf } from './codecs.js';

const linkName = /^(?:video|result|output|download|play)_?ur[il]s?$/i;

/** Fields around a link. What a request had, such as `input` or `image_url`, is not searched. */
const holderName = /^(?:contents?|metadata|outputs?|(?:task_|video_)?results?|videos?|result_?json|artifacts|assets)$/i;

/** Inside a holder. The `url` of a task itself may be its address in the API. */
const bareName = /^ur[il]s?$/i;

const isPicture = /\.(?:png|jpe?g|webp|gif|json)(?:[?#]|$)/i;

/** How many objects, lists and JSON texts are searched inside one another. */
const deepest = 8;

/**
 * The link of the video in the body of a finished task; null when it has none. A link to a picture is none.
 *
 * @example videoLinkIn({ status: 'completed', metadata: { url: 'https://cdn.example/1.mp4' } }) // 'https://cdn.example/1.mp4'
 */
export const videoLinkIn = (body: unknown): string | null => linkIn(body, true, deepest);

/**
 * The link in a field that holds a link: the string itself, or the one in an object, a list or JSON text.
 *
 * @example linkInField({ url: 'https://cdn.example/1.mp4' }) // 'https://cdn.example/1.mp4'
 */
export const linkInField = (value: unknown): string | null => Link.read(value) ?? linkIn(value, false, deepest);

const linkIn = (value: unknown, isTask: boolean, depth: number): string | null => {
  if (depth === 0) return null;
  const inHolder = (inner: unknown): string | null => linkIn(inner, false, depth - 1);
  if (Array.isArray(value)) return firstOf(value, inHolder);
  const link = Link.read(value);
  if (link !== null) return isTask || isPicture.test(link) ? null : link;
  const body = objectIn(value);
  if (body === null) return null;
  const names = isTask ? [linkName, holderName] : [linkName, holderName, bareName];
  return firstOf(names.flatMap((name) => valuesOf(body, name)), inHolder) ?? linkIn(body['data'], isTask, depth - 1);
};
