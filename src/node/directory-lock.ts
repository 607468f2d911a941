/**
 * Locks a directory for one process. The lock of a killed process counts as released at once.
 *
 * Each process creates a lock file of its own, then looks for others. The second process always sees the first, so there are never two
 * holders; two processes that start at the same instant may both fail. A holder is identified by its process id and, on Linux, by the
 * start time of the process, because ids are reused after a reboot or in a container. The lock does not see processes on other machines,
 * nor other workers of this process, because a dead worker cannot be told from a live one.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from './system-error.js';

const lockName = /^\.lock-(\d+)-[0-9a-f]{16}$/;

/** The lock files of this worker: it may lock several directories, but none of them twice. */
const own = new Set<string>();

/**
 * Locks a directory, and creates it if it is missing.
 *
 * @returns releases the lock; further calls do nothing
 * Errors: `Error` that names the process which holds the lock; system errors when the directory cannot be written.
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
    writeFileSync(path, statusOf(process.pid)?.startedAt ?? '', { flag: 'wx', mode: 0o600 });
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
  if (!exists(pid)) return false;
  const [lockedAt, status] = [contentOf(join(directory, name)), statusOf(pid)];
  if (status === null) return true;
  return !status.isDead && (lockedAt === '' || lockedAt === status.startedAt);
};

const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // The process of another user exists as well.
    return codeOf(error) === 'EPERM';
  }
};

/** The status of a process on Linux. */
interface ProcessStatus {
  /** When it started: the id of the boot, and the ticks since. */
  readonly startedAt: string;
  /** A killed process keeps its id until its parent reaps it, which in a container may never happen. */
  readonly isDead: boolean;
}

/** Null on other systems. */
const statusOf = (pid: number): ProcessStatus | null => {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    // The name of the program is in parentheses, and may hold any character.
    const [state = '', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { startedAt: `${boot} ${fields[18] ?? ''}`, isDead: state === 'Z' || state === 'X' };
  } catch {
    return null;
  }
};

const contentOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The file was just removed or is being written. It is safe to assume that the lock is held.
    return '';
  }
};
