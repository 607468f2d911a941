/**
 * How much of a disk downloads may fill. A reserve stays free for the journal and for other programs.
 */
import { statfs } from 'node:fs/promises';

/** The sizes of a file system: the size of a block, all blocks, and the blocks that this user may fill. */
export interface DiskSizes {
  readonly bsize: number;
  readonly blocks: number;
  readonly bavail: number;
}

const maxReserveBytes = 64 * 1_048_576;

/** The free bytes without the reserve: a twentieth of the disk, at most 64 MiB. Infinity for a file system that does not know its size. */
export const roomOf = ({ bsize, blocks, bavail }: DiskSizes): number =>
  blocks > 0 ? Math.max(0, bavail * bsize - Math.min(maxReserveBytes, (blocks * bsize) / 20)) : Infinity;

/** The room in the file system of a directory. Infinity where the system does not say. */
export const roomIn = (directory: string): Promise<number> => statfs(directory).then(roomOf, () => Infinity);
