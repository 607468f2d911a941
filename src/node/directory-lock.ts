/**
 * One process for a directory. A holder that was killed holds nothing: its lock is looked through at once, without a wait.
 *
 * Each contender makes a lock file of its own, then looks for others. Whoever comes second sees the first, so there are never two
 * holders; two that come in the same instant may both be refused. A holder is known by its process id and, where the system tells, by
 * when that process began, so that an id which is used again (after a reboot, in a container) is not taken for it. Not seen are
 * processes of another machine, and other workers of this process: one that has died could not be told from one that has not.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from './system-error.js';

const lockName = /^\.lock-(\d+)-[0-9a-f]{16}$/;

/** The lock files of this very process, in this worker: it may hold several directories, and none of them twice. */
const own = new Set<string>();

/**
 * Takes a directory, and makes it if it is not there.
 *
 * @returns releases it; once more is nothing
 * Errors: `Error` that names the process which has it; the system's own when the directory cannot be written.
 */
export const lockDirectory = (directory: string): (() => void) => {
  mkdirSync(directory, { recursive: true });
  const name = `.lock-${String(process.pid)}-${randomBytes(8).toString('hex')}`;
  const path = join(directory, name);
  own.add(name);
  const release = (): void => {
    rmSync(path, { force: true });
    own.delete(name);
  };
  try {
    writeFileSync(path, lifeOf(process.pid)?.beginning ?? '', { flag: 'wx', mode: 0o600 });
    for (const other of readdirSync(directory)) {
      const pid = Number(lockName.exec(other)?.[1]);
      if (other === name || Number.isNaN(pid)) continue;
      if (isHeld(pid, other, directory)) throw new Error(`${directory} is in use by ${pid === process.pid ? 'this process' : `process ${String(pid)}`}`);
      rmSync(join(directory, other), { force: true });
    }
    return release;
  } catch (error) {
    release();
    throw error;
  }
};

const isHeld = (pid: number, name: string, directory: string): boolean => {
  if (pid === process.pid) return own.has(name);
  if (!isThere(pid)) return false;
  const [noted, life] = [contentOf(join(directory, name)), lifeOf(pid)];
  if (life === null) return true;
  return !life.isOver && (noted === '' || noted === life.beginning);
};

const isThere = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is there as well.
    return codeOf(error) === 'EPERM';
  }
};

/** What Linux tells of a process. */
interface Life {
  /** When it began: the boot, and the ticks since. */
  readonly beginning: string;
  /** A process that was killed keeps its id until its parent has heard of it, which in a container may be never. */
  readonly isOver: boolean;
}

/** Null on other systems. */
const lifeOf = (pid: number): Life | null => {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    // The name of the program stands in brackets, and may hold anything.
    const [state = '', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { beginning: `${boot} ${fields[18] ?? ''}`, isOver: state === 'Z' || state === 'X' };
  } catch {
    return null;
  }
};

const contentOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It was released in this moment, or is being written: the safe reading is that it is held.
    return '';
  }
};
