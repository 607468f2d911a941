/**
 * The error of downloads: one class with a `kind`. Its messages hold no signature of a link.
 */
import { messageOf } from '../state/errors.js';
import { LeaseHeldError } from './lease.js';
import { codeOf } from './system-error.js';

/**
 * - `exists`: a file of this name exists.
 * - `no-video`: the response has no link.
 * - `refused`: the host refuses the link, or sends a file that is no video, and a fresh link does not help or there is none; or the link leads
 *   to an address that is not allowed.
 * - `interrupted`: the host was unreachable, or sent no new byte, for longer than `giveUpAfterMs`.
 * - `too-large`: the file has more than `maxBytes`.
 * - `disk`: the path cannot be written; or the disk stayed full, or another program wrote the file, for `giveUpAfterMs`.
 * - `sink`: the stream that `sink` returned has failed.
 */
export type DownloadErrorKind = 'exists' | 'no-video' | 'refused' | 'interrupted' | 'too-large' | 'disk' | 'sink';

const brand = Symbol.for('rx-seedance.DownloadError');

/** The error of downloads. The bytes received so far stay in the part file, and the next download resumes there. */
export class DownloadError extends Error {
  override readonly name = 'DownloadError';
  readonly kind: DownloadErrorKind;
  /** The path of the file. */
  readonly path: string;

  constructor(kind: DownloadErrorKind, path: string, message: string, cause?: unknown) {
    super(`${path}: ${message}`, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.path = path;
    Object.defineProperty(this, brand, { value: true });
  }
}

/**
 * Whether a value is a `DownloadError`, from any copy of this library, and of `kind` if it is given.
 *
 * @example catchError((error) => (isDownloadError(error, 'disk') ? alertAdmin(error.path) : throwError(() => error)))
 */
export const isDownloadError = <Kind extends DownloadErrorKind = DownloadErrorKind>(
  value: unknown,
  kind?: Kind,
): value is DownloadError & { readonly kind: Kind } =>
  value instanceof Error && Object.hasOwn(value, brand) && (kind === undefined || (value as DownloadError).kind === kind); // the brand says so

/** An error of kind `disk` that may pass: the disk has no room, or another program writes the file. */
export class PassingError extends DownloadError {
  constructor(path: string, message: string, cause?: unknown) {
    super('disk', path, message, cause);
  }
}

const fullCodes: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);

/** The messages of system errors. */
const meanings: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file is larger than the disk or the process allows',
  EACCES: 'no permission',
  EPERM: 'no permission',
  EROFS: 'the disk is read-only',
  ENOENT: 'the directory does not exist',
  ENOTDIR: 'a part of the path is not a directory',
  EISDIR: 'the path is a directory',
  ELOOP: 'the part, or a file beside it, is a symbolic link',
  ENAMETOOLONG: 'the name is too long',
  EMFILE: 'too many files are open',
  EIO: 'the disk reported an I/O error',
};

/** Turns a system error into a `DownloadError` of kind `disk`. */
export const diskError = (path: string, error: unknown): DownloadError => {
  const code = codeOf(error) ?? '';
  const meaning = meanings[code];
  const message = meaning === undefined ? messageOf(error) : `${meaning} (${code})`;
  const mayPass = fullCodes.has(code) || error instanceof LeaseHeldError;
  return mayPass ? new PassingError(path, message, error) : new DownloadError('disk', path, message, error);
};
