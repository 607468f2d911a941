/**
 * Responds to a request for a file as an object store does: only to signed GETs, with the whole file or a range.
 */
import { byteRange } from './byte-range.js';
import type { ByteRange } from './byte-range.js';
import { json } from './response.js';
import type { SimulatedResponse } from './response.js';
import type { ServedFile } from './video-file.js';

/** A request for a file. */
export interface FileRequest {
  readonly method: string;
  /** With names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly link: 'good' | 'expired' | 'forged';
}

/** The status and headers of a response, and the bytes that follow. */
export interface FilePart {
  readonly status: 200 | 206;
  readonly headers: Readonly<Record<string, string>>;
  readonly part: ByteRange;
}

const deny = (Code: string, Message: string): SimulatedResponse => json(403, { Code, Message });

const text = (value: string | readonly string[] | undefined): string => (typeof value === 'string' ? value : '');

/**
 * The response to a request for a file: a range of bytes, or an error.
 *
 * @param etag with its quotes
 */
export const createFileResponse = ({ method, headers, link }: FileRequest, { type, size }: ServedFile, etag: string): FilePart | SimulatedResponse => {
  if (method !== 'GET') return deny('AccessDenied', `The link is signed for GET, not for ${method}.`);
  if (link === 'forged') return deny('SignatureDoesNotMatch', 'The link is not signed by this server.');
  if (link === 'expired') return deny('AccessDenied', 'The link has expired.');
  // An object store rejects a request with two kinds of authorization. An API key must not be sent here.
  if (headers.authorization !== undefined) return deny('InvalidArgument', 'A signed link is sent no Authorization.');
  const common = { 'accept-ranges': 'bytes', etag };
  const unchanged = headers['if-range'] === undefined || headers['if-range'] === etag;
  const range = unchanged ? byteRange(text(headers.range), size) : null;
  if (range === 'unsatisfiable') {
    return json(416, { Code: 'InvalidRange', Message: 'There are no such bytes.' }, { ...common, 'content-range': `bytes */${size}` });
  }
  const part = range ?? { first: 0, last: size - 1 };
  const length = String(part.last - part.first + 1);
  const whole = { ...common, 'content-type': type, 'content-length': length };
  if (range === null) return { status: 200, headers: whole, part };
  return { status: 206, headers: { ...whole, 'content-range': `bytes ${part.first}-${part.last}/${size}` }, part };
};
