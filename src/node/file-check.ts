/**
 * The last check of a downloaded file, between its last byte and its final name: it is a complete file of its
 * format, and has the digest that the host sent.
 */
import { type Digests, digestsOf, noDigests, tagDigest } from './file-digest.js';
import type { PartFile } from './part-file.js';
import type { FileFormat } from './file-format.js';

/** The host sent another file. */
export class RejectedFileError extends Error {}

/** The file lacks its end. */
export class CutFileError extends Error {}

/** Checks the received file. Errors: `RejectedFileError`; `CutFileError` if the length of the file is unknown; `DownloadError` of kind `disk`. */
export type FileCheck = (expected: Digests, isEndKnown: boolean, touch: () => void) => Promise<void>;

/**
 * Creates the check of one part.
 *
 * An entity tag of 32 hexadecimal digits is not an MD5 on every host. If the file arrives a second time with the same bytes, the tag is
 * not their MD5, and the file is accepted.
 */
export const createFileCheck = (part: Pick<PartFile, 'held' | 'read' | 'chunks'>, format: FileFormat): FileCheck => {
  let refuted: string | null = null;
  return async (digests, isEndKnown, touch) => {
    const { receivedBytes, validator } = part.held();
    const fault = await format.faultOf(part.read, receivedBytes);
    if (fault?.kind === 'cut' && !isEndKnown) throw new CutFileError(fault.message);
    if (fault !== null) throw new RejectedFileError(fault.message);
    const expected = { ...digests, tag: digests.tag ?? tagDigest(validator) };
    if (isEqual(expected, noDigests)) return;
    const actual = await digestsOf(part.chunks(touch), expected);
    const differs = (name: 'crc64' | 'md5'): boolean => expected[name] !== null && expected[name] !== actual[name];
    if (differs('crc64') || differs('md5')) throw new RejectedFileError('the file does not have the digest that its host sent');
    if (expected.tag === null || expected.tag === actual.tag || actual.tag === refuted) return;
    refuted = actual.tag;
    throw new RejectedFileError('the file does not have the MD5 that its entity tag names');
  };
};

const isEqual = (one: Digests, other: Digests): boolean => one.crc64 === other.crc64 && one.md5 === other.md5 && one.tag === other.tag;
