/**
 * What the run adds to the simulator's responses: the link to a last frame, and in one of fifty an echo of the key.
 */
import { fraction } from '../../src/simulator/random.js';
import type { Sent } from './reading.js';

/** A response that can be sent. */
interface Response extends Sent {
  readonly headers: Readonly<Record<string, string>>;
}

/** The response with its additions. `count` is the number of the request. */
export const withAdditions = (response: Response, key: string, seed: number, count: number): Response => {
  const shown = { ...response, body: response.body.replaceAll(/"video_url":"([^"]*)"/g, '$&,"last_frame_url":"$1&frame=last"') };
  if (fraction(seed, count, 'echo') >= 0.02 || shown.body === '') return shown;
  const form = forms[count % forms.length]?.(key) ?? key;
  return { ...shown, headers: { ...shown.headers, 'x-request-id': `request-of-${encodeURIComponent(key)}` }, body: echoed(shown.body, `key ${form}`) };
};

/** A key as JSON and URLs write it. */
const forms: readonly ((key: string) => string)[] = [
  (key) => key,
  (key) => key.replaceAll('/', '\\/').replace('+', '\\u002b'),
  (key) => encodeURIComponent(key),
];

const placeholder = '<key>';

/** The body with a text in its message, or in the title of a page. */
const echoed = (body: string, text: string): string => {
  try {
    const value = JSON.parse(body);
    const message = 'msg' in value ? 'msg' : 'message';
    const echo = value.error?.message === undefined ? { ...value, [message]: placeholder } : { ...value, error: { ...value.error, message: placeholder } };
    return JSON.stringify(echo).replace(`"${placeholder}"`, `"${text}"`);
  } catch {
    return body.replace('</title>', ` ${text}</title>`);
  }
};
