/**
 * Decides from status and headers what to do with a response to the request for a file. Pure.
 */
import { retryAfterMs } from '../transport/retry-after.js';
import { codingsIn } from './content-coding.js';
import { contentRange } from './content-range.js';

/** The bytes of a file that are already on the disk. */
export interface Held {
  readonly receivedBytes: number;
  /** The `If-Range` for these bytes: a strong entity tag, else a strong date. Null if the server sent neither. */
  readonly validator: string | null;
  readonly totalBytes: number | null;
}

/** The head of a response. */
export interface ResponseHead {
  readonly status: number;
  /** A header by its lower-case name; null if it is missing. */
  readonly header: (name: string) => string | null;
}

/** What to do with a response. */
export type FileAction =
  /** Undo the codings, write the body at `fromBytes`, and drop any bytes held beyond. */
  | {
    readonly kind: 'bytes';
    readonly fromBytes: number;
    readonly toBytes: number | null;
    readonly totalBytes: number | null;
    readonly validator: string | null;
    readonly codings: readonly string[];
  }
  /** All bytes are already held. */
  | { readonly kind: 'whole' }
  /** The held bytes belong to another file: start over. */
  | { readonly kind: 'stale'; readonly message: string }
  /** The host refuses the link. Do not retry. */
  | { readonly kind: 'refused'; readonly message: string }
  /** Retry. */
  | { readonly kind: 'retry'; readonly message: string; readonly retryAfterMs: number | null };

/** The headers that request the rest of a file; all of it if no bytes are held, or if they have no validator. */
export const headersFor = ({ receivedBytes, validator }: Held): Readonly<Record<string, string>> => ({
  accept: '*/*',
  'accept-encoding': 'identity',
  ...(isResumable({ receivedBytes, validator }) && { range: `bytes=${String(receivedBytes)}-`, 'if-range': validator ?? '' }),
});

const isResumable = ({ receivedBytes, validator }: Pick<Held, 'receivedBytes' | 'validator'>): boolean => receivedBytes > 0 && validator !== null;

/** Decides what to do with the response to a request with `headersFor(held)`. */
export const actionFor = ({ status, header }: ResponseHead, held: Held): FileAction => {
  const retry = (message: string): FileAction => ({ kind: 'retry', message, retryAfterMs: retryAfterMs(header('retry-after') ?? '', header('date') ?? '') });
  if (status === 200 || status === 206) {
    const codings = codingsIn(header('content-encoding'));
    if (codings === null) return retry(`the response has the content-encoding ${header('content-encoding') ?? ''}, not identity`);
    if (status === 200) return wholeFile(header, codings, lengthIn(header), retry);
    const range = contentRange(header('content-range'));
    const isWhole = range?.first === 0 && range.last + 1 === range.totalBytes;
    return isWhole ? wholeFile(header, codings, range.totalBytes, retry) : partOfFile(header, codings, held, retry);
  }
  if (status === 416) return unsatisfied(header, held);
  if (status === 408 || status === 425 || status === 429 || status > 499) return retry(`the file's host responded with ${String(status)}`);
  if (status > 399) return { kind: 'refused', message: `the file's host responded with ${String(status)}` };
  return retry(`the file's host responded with ${String(status)}`);
};

type Retry = (message: string) => FileAction;

/** A length and a validator belong to the encoded bytes: a file in a coding has neither. */
const wholeFile = (header: ResponseHead['header'], codings: readonly string[], length: number | null, retry: Retry): FileAction => {
  if (length === 0) return retry('the response is a file of 0 bytes, not a video');
  const isPlain = codings.length === 0;
  const totalBytes = isPlain ? length : null;
  return { kind: 'bytes', fromBytes: 0, toBytes: totalBytes, totalBytes, validator: isPlain ? validatorIn(header) : null, codings };
};

const partOfFile = (header: ResponseHead['header'], codings: readonly string[], held: Held, retry: Retry): FileAction => {
  const range = contentRange(header('content-range'));
  if (!isResumable(held)) return retry('the response is a part of the file, but the request had no range');
  if (range === null || range.first === null) return retry(`the Content-Range of the response is '${header('content-range') ?? ''}'`);
  const { first, last, totalBytes } = range;
  if (first !== held.receivedBytes) return { kind: 'stale', message: `the response starts at byte ${String(first)}, not at ${String(held.receivedBytes)}` };
  if (codings.length > 0) return { kind: 'stale', message: `the rest of the file is in the content-encoding ${codings.join(', ')}` };
  const validator = header(held.validator?.startsWith('"') === true ? 'etag' : 'last-modified')?.trim() ?? null;
  if (validator !== held.validator) return { kind: 'stale', message: validator === null ? 'the response does not confirm that the file is the same' : 'the file has changed' };
  if (totalBytes !== null && held.totalBytes !== null && totalBytes !== held.totalBytes) {
    return { kind: 'stale', message: `the file now has ${String(totalBytes)} bytes, not ${String(held.totalBytes)}` };
  }
  const length = lengthIn(header);
  if (length !== null && length !== last - first + 1) {
    return retry(`the response has a Content-Length of ${String(length)}, but a range from ${String(first)} to ${String(last)}`);
  }
  return { kind: 'bytes', fromBytes: first, toBytes: last + 1, totalBytes: totalBytes ?? held.totalBytes, validator, codings };
};

/** No bytes follow the held ones: they are the whole of a file of unknown length, or they belong to another file. */
const unsatisfied = (header: ResponseHead['header'], held: Held): FileAction => {
  const { receivedBytes } = held;
  const totalBytes = contentRange(header('content-range'))?.totalBytes ?? null;
  return totalBytes === receivedBytes && receivedBytes > 0 && held.totalBytes === null
    ? { kind: 'whole' }
    : { kind: 'stale', message: `the host has no bytes after byte ${String(receivedBytes)}; the file has ${totalBytes === null ? 'fewer' : `${String(totalBytes)} bytes`}` };
};

/** The headers that ask whether a file ends at a byte. */
export const endHeaders = (byte: number): Readonly<Record<string, string>> => ({ accept: '*/*', 'accept-encoding': 'identity', range: `bytes=${String(byte)}-` });

/** The length of the file according to the response to `endHeaders(byte)`; null if it does not say. */
export const lengthAfter = ({ status, header }: ResponseHead, byte: number): number | null => {
  if (status === 416) return contentRange(header('content-range'))?.totalBytes ?? byte;
  if (status === 206) return contentRange(header('content-range'))?.totalBytes ?? null;
  return status === 200 ? lengthIn(header) : null;
};

const lengthIn = (header: ResponseHead['header']): number | null => {
  const text = header('content-length') ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
};

/**
 * The validator of a response, if it is strong: two files with the same one have the same bytes. A date is strong only well after the last
 * change, because a file may change twice in a second, and two hosts may have different clocks.
 * Source: RFC 9110, sections 8.8.2.2 and 13.1.5.
 */
const validatorIn = (header: ResponseHead['header']): string | null => {
  const tag = header('etag')?.trim() ?? '';
  if (/^"[^"]*"$/.test(tag)) return tag;
  const modified = header('last-modified')?.trim() ?? '';
  return tag === '' && httpDateMs(header('date') ?? '') - httpDateMs(modified) >= strongAfterMs ? modified : null;
};

const strongAfterMs = 60_000;

/** NaN for anything that is not a date of HTTP. */
const httpDateMs = (text: string): number => (/^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(text) ? Date.parse(text) : Number.NaN);
