/**
 * One process for a directory. A holder that was killed holds nothing: its lock is looked through at once, without a wait.
 *
 * Each contender makes a lock file of its own, then looks for others. Whoever comes second sees the first, so there are never two
 * holders; two that come in the same instant may both be refused. A holder is known by its process id and, where the system tells, by
 * when that process began, so that an id which is used again (after a reboot, in a container) is not taken for it. Processes of
 * another machine are not seen.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const lockName = /^\.lock-(\d+)-[0-9a-f]{16}$/;

/** The lock files of this very process: it may hold several directories, and none of them twice. */
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
    writeFileSync(path, beginningOf(process.pid) ?? '', { flag: 'wx', mode: 0o600 });
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
  if (!isAlive(pid)) return false;
  const [noted, beginning] = [contentOf(join(directory, name)), beginningOf(pid)];
  return noted === '' || beginning === null || noted === beginning;
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is alive as well.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
};

/** When a process began, as Linux tells it: the boot, and the ticks since. Null on other systems. */
const beginningOf = (pid: number): string | null => {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    // The name of the program stands in brackets, and may hold anything.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return ticks === undefined ? null : `${boot} ${ticks}`;
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
