/**
 * Tells regular files from links and devices, so that nothing is read or written through a link that somebody else has placed.
 */
import { lstatSync } from 'node:fs';

/** Whether there is a regular file at a path. A symbolic link is not one. */
export const isFile = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
