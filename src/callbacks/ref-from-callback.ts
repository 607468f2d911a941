/**
 * Reads which task a callback names. Anyone can send one, so nothing else of its body counts.
 */
import type { TaskRef } from '../task/snapshot.js';
import type { Provider } from '../wire/provider.js';

declare const TextDecoder: new () => { decode(bytes: ArrayBuffer | ArrayBufferView): string };

/**
 * Returns the ref of the task that a callback names, or null if it names none. The body is read like the provider's response to a poll. The
 * id must be a string of at most 256 characters without white space, or an integer (up to 2^53 in parsed JSON). The ref has no account: if you have several, add its name.
 *
 * Never throws, whatever the body is. The ref is a hint: only a poll gives the status of the task.
 *
 * @param body the body as a string, as bytes, or as parsed JSON
 * @example refFromCallback(ark, '{"id":"cgt-1","status":"succeeded"}') // { provider: 'ark', id: 'cgt-1' }
 */
export const refFromCallback = <Id extends string>(provider: Provider<Id>, body: unknown): TaskRef<Id> | null => {
  let found = '';
  try {
    // For a task without an id, the id in any body is that of another task.
    provider.read(provider.task(''), { status: 200, headers: {}, body: textOf(body) }, (id) => {
      found = id;
      return true;
    });
  } catch {
    return null; // parsed JSON that has no text: a cycle, or too deep
  }
  return possibleId.test(found) ? provider.task(found) : null;
};

/** No white space, control character or half of a surrogate pair. `.` and `..` would change the path of a request. */
const possibleId = /^(?!\.{1,2}$)[^\s\p{C}]{1,256}$/u;

const textOf = (body: unknown): string => {
  if (typeof body === 'string') return body;
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return new TextDecoder().decode(body);
  return String(JSON.stringify(body, withoutRounded));
};

/** A number beyond the safe integers was rounded when it was parsed: it may be the id of another task. */
const withoutRounded = (_: string, value: unknown): unknown => (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER ? null : value);
