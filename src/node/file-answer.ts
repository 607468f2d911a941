/**
 * What an answer to "this file, from here on" means: its status and headers alone, before a byte of it is read. Pure.
 */
import { retryAfterMs } from '../transport/retry-after.js';
import { contentRange } from './content-range.js';

/** What is there of a file already. */
export interface Held {
  readonly receivedBytes: number;
  /** An `If-Range` for what is there: a strong entity tag, else a date. Null where the server gave none. */
  readonly validator: string | null;
  readonly totalBytes: number | null;
}

/** The head of an answer. */
export interface AnswerHead {
  readonly status: number;
  /** By its name in small letters; null for one that is missing. */
  readonly header: (name: string) => string | null;
}

/** What to do about an answer. */
export type FileAnswer =
  /** These bytes follow: to be put at `fromBytes`, and what was held beyond is dropped. */
  | { readonly kind: 'bytes'; readonly fromBytes: number; readonly toBytes: number | null; readonly totalBytes: number | null; readonly validator: string | null }
  /** All bytes are there. */
  | { readonly kind: 'whole' }
  /** What is held belongs to another file: begin anew. */
  | { readonly kind: 'stale'; readonly message: string }
  /** The link is refused, and so it would be if asked again. */
  | { readonly kind: 'refused'; readonly message: string }
  /** Worth asking again. */
  | { readonly kind: 'retry'; readonly message: string; readonly retryAfterMs: number | null };

/** The headers that ask for the rest of a file; for all of it where nothing is held, or nothing says what is held. */
export const headersFor = ({ receivedBytes, validator }: Held): Readonly<Record<string, string>> => ({
  accept: '*/*',
  'accept-encoding': 'identity',
  ...(isResumable({ receivedBytes, validator }) && { range: `bytes=${String(receivedBytes)}-`, 'if-range': validator ?? '' }),
});

const isResumable = ({ receivedBytes, validator }: Pick<Held, 'receivedBytes' | 'validator'>): boolean => receivedBytes > 0 && validator !== null;

/** Reads the head of an answer to a request with `headersFor(held)`. */
export const readFileAnswer = ({ status, header }: AnswerHead, held: Held): FileAnswer => {
  const trouble = (message: string): FileAnswer => ({ kind: 'retry', message, retryAfterMs: retryAfterMs(header('retry-after') ?? '', header('date') ?? '') });
  if (status === 200 || status === 206) {
    const encoding = header('content-encoding') ?? 'identity';
    if (encoding.toLowerCase() !== 'identity') return trouble(`the file came with the content-encoding ${encoding}, not identity`);
    const type = header('content-type') ?? '';
    if (/^(?:text\/|application\/(?:json|xml|xhtml)|multipart\/)/i.test(type)) return trouble(`the answer is ${type}, and no video`);
    return status === 200 ? wholeFile(header, trouble) : partOfFile(header, held, trouble);
  }
  if (status === 416) return unsatisfied(header, held);
  if (status === 408 || status === 425 || status === 429 || status > 499) return trouble(`the file's host answers ${String(status)}`);
  if (status > 399) return { kind: 'refused', message: `the file's host answers ${String(status)}` };
  return trouble(`the file's host answers ${String(status)}`);
};

const wholeFile = (header: AnswerHead['header'], trouble: (message: string) => FileAnswer): FileAnswer => {
  const totalBytes = lengthIn(header);
  if (totalBytes === 0) return trouble('the answer is a file of 0 bytes, and no video');
  return { kind: 'bytes', fromBytes: 0, toBytes: totalBytes, totalBytes, validator: validatorIn(header) };
};

const partOfFile = (header: AnswerHead['header'], held: Held, trouble: (message: string) => FileAnswer): FileAnswer => {
  const range = contentRange(header('content-range'));
  if (!isResumable(held)) return trouble('the answer is a part of the file that nobody asked for');
  if (range === null || range.first === null) return trouble(`the Content-Range of the answer is '${header('content-range') ?? ''}'`);
  const { first, last, totalBytes } = range;
  const validator = validatorIn(header) ?? held.validator;
  if (first !== held.receivedBytes) return { kind: 'stale', message: `the answer begins at byte ${String(first)}, not at ${String(held.receivedBytes)}` };
  if (validator !== held.validator) return { kind: 'stale', message: 'the file was changed' };
  if (totalBytes !== null && held.totalBytes !== null && totalBytes !== held.totalBytes) {
    return { kind: 'stale', message: `the file has ${String(totalBytes)} bytes now, not ${String(held.totalBytes)}` };
  }
  const length = lengthIn(header);
  if (length !== null && length !== last - first + 1) {
    return trouble(`the answer says ${String(length)} bytes, and bytes ${String(first)} to ${String(last)}`);
  }
  return { kind: 'bytes', fromBytes: first, toBytes: last + 1, totalBytes: totalBytes ?? held.totalBytes, validator };
};

/** There is nothing behind what is held: it is all of a file whose length nobody had said, or it is none of it. */
const unsatisfied = (header: AnswerHead['header'], held: Held): FileAnswer => {
  const { receivedBytes } = held;
  const totalBytes = contentRange(header('content-range'))?.totalBytes ?? null;
  return totalBytes === receivedBytes && receivedBytes > 0 && held.totalBytes === null
    ? { kind: 'whole' }
    : { kind: 'stale', message: `there is nothing behind byte ${String(receivedBytes)}; the file has ${totalBytes === null ? 'less' : `${String(totalBytes)} bytes`}` };
};

const lengthIn = (header: AnswerHead['header']): number | null => {
  const text = header('content-length') ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
};

/** A weak tag says that two files look the same, not that their bytes are. */
const validatorIn = (header: AnswerHead['header']): string | null => {
  const tag = header('etag')?.trim() ?? '';
  return /^"[^"]*"$/.test(tag) ? tag : header('last-modified');
};
