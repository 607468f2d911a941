/**
 * The error for a journal that cannot be opened, in one sentence.
 */
import { messageOf } from '../state/errors.js';
import { diskError } from '../node/download-error.js';
import { codeOf } from '../node/system-error.js';
import { UsageError } from './usage-error.js';

/** A full disk is not an error of usage. Any other error is, such as a directory that another process uses. */
export const journalError = (directory: string, error: unknown): Error =>
  ['ENOSPC', 'EDQUOT'].includes(codeOf(error) ?? '') ? diskError(directory, error) : new UsageError(messageOf(error));
