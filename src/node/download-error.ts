/**
 * Why a file could not be saved. One class, told apart by `kind`; no link's signature in it.
 */
import { messageOf } from '../state/errors.js';
import { codeOf } from './system-error.js';

/**
 * `exists` something is there under the file's name · `no-video` the answer holds no link · `refused` the link is refused, and a fresh
 * one could not be had or is refused as well · `interrupted` the host could not be reached, or did not send the file, for longer than
 * `giveUpAfterMs` · `disk` the disk is full, or the place cannot be written.
 */
export type DownloadErrorKind = 'exists' | 'no-video' | 'refused' | 'interrupted' | 'disk';

const brand = Symbol.for('rx-seedance.DownloadError');

/** The one error of downloads. What has come of the file stays in its part, and the next download goes on from there. */
export class DownloadError extends Error {
  override readonly name = 'DownloadError';
  readonly kind: DownloadErrorKind;
  /** Where the file was to be. */
  readonly path: string;

  constructor(kind: DownloadErrorKind, path: string, message: string, cause?: unknown) {
    super(`${path}: ${message}`, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.path = path;
    Object.defineProperty(this, brand, { value: true });
  }
}

/**
 * Whether a caught value is a download's error, of any copy of this library, and of one kind if a kind is given.
 *
 * @example catchError((error) => (isDownloadError(error, 'disk') ? callSomebody(error.path) : throwError(() => error)))
 */
export const isDownloadError = <Kind extends DownloadErrorKind = DownloadErrorKind>(
  value: unknown,
  kind?: Kind,
): value is DownloadError & { readonly kind: Kind } =>
  value instanceof Error && Object.hasOwn(value, brand) && (kind === undefined || (value as DownloadError).kind === kind); // the brand says so

/** What a system error means, for people. */
const meanings: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of this disk is used up',
  EFBIG: 'the file is larger than this disk or process may have',
  EACCES: 'no permission',
  EPERM: 'no permission',
  EROFS: 'the disk can only be read',
  ENOENT: 'the directory is not there',
  ENOTDIR: 'a part of the path is no directory',
  EISDIR: 'a directory is there',
  ENAMETOOLONG: 'the name is too long',
  EMFILE: 'too many files are open',
  EIO: 'the disk has failed',
};

/** A system error as the download's. */
export const diskError = (path: string, error: unknown): DownloadError => {
  const code = codeOf(error) ?? '';
  const meaning = meanings[code];
  return new DownloadError('disk', path, meaning === undefined ? messageOf(error) : `${meaning} (${code})`, error);
};
