/**
 * Leases: one owner for a path, among processes, containers, workers and hosts that share the file system.
 *
 * A lease is a file of its own beside the path, `<path>.lease-<token>`, which its owner writes again every two seconds. Each contender
 * creates its file, then looks for others. The second one always sees the first, so there are never two owners; two that start at the
 * same instant may both fail. A lease that was not renewed for 15 seconds has expired: the next contender removes its file, and the owner
 * notices that before and after each write (`check`), even if it was stopped in between. The file system's clock decides, never the clock
 * of a host. Tokens are random, so nobody can remove a newer lease by mistake.
 *
 * The lease of a killed process ends at once where that is certain: on Linux for the same boot and process namespace, by process id and
 * start time; elsewhere for the same host name, by process id.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { isRecord } from '../checks.js';
import { type Files, nodeFiles, writeAll } from './files.js';
import { codeOf } from './system-error.js';

/** A lease that this program holds. */
export interface Lease {
  /**
   * Renews the lease if that is due. Call it before and after each write, and during long work.
   *
   * Errors: `LeaseLostError` once the lease is gone; system errors.
   */
  readonly check: () => void;
  /** Ends the lease. Further calls do nothing. */
  readonly release: () => void;
}

/** The path has another owner. */
export class LeaseHeldError extends Error {}

/** The lease has ended: another owner took the path after a long pause of this program, or the directory was removed. */
export class LeaseLostError extends Error {}

const renewMs = 2_000;
const expiresAfterMs = 15_000;

/**
 * Takes the lease of a path. The path need not exist, but its directory must.
 *
 * @param what the name of the path in errors. Default: the path
 * Errors: `LeaseHeldError` that names the owner; system errors.
 * @example const lease = leaseOf('videos/ark-1.mp4.part')
 */
export const leaseOf = (path: string, what = path, files: Files = nodeFiles): Lease => {
  const directory = dirname(path);
  const prefix = `${basename(path)}.lease-`;
  const ownName = `${prefix}${randomBytes(6).toString('hex')}`;
  const ownPath = join(directory, ownName);
  const owner = Buffer.from(JSON.stringify(thisOwner()));
  let renewedAtMs = performance.now();
  let timer: NodeJS.Timeout | null = null;

  const renew = (): void => {
    renewedAtMs = performance.now();
    // Opens the path each time: a write to a removed file would renew nothing.
    const file = files.open(ownPath, 'overwrite');
    try {
      writeAll(files, file, owner);
    } finally {
      files.close(file);
    }
  };
  const release = (): void => {
    if (timer !== null) clearInterval(timer);
    files.remove(ownPath);
  };
  const check = (): void => {
    if (files.statusAt(ownPath) === null) {
      throw new LeaseLostError(`${what} is no longer this program's: its directory was removed, or another program took it over after this one had paused for ${expiresAfterMs / 1000} s`);
    }
    if (performance.now() - renewedAtMs >= renewMs) attempt(renew);
  };
  /** The time of the file system when the own lease was created. */
  const create = (): number => {
    const file = files.open(ownPath, 'create');
    try {
      writeAll(files, file, owner);
      return files.statusOf(file).modifiedAtMs;
    } finally {
      files.close(file);
    }
  };

  try {
    const nowMs = create();
    for (const name of files.list(directory)) {
      if (name === ownName || !name.startsWith(prefix) || !/^[0-9a-f]{12}$/.test(name.slice(prefix.length))) continue;
      const other = join(directory, name);
      const status = files.statusAt(other);
      if (status === null || !status.isFile) continue;
      const holder = ownerIn(files, other);
      // A time in the future is that of a clock that was set back since.
      if (Math.abs(nowMs - status.modifiedAtMs) <= expiresAfterMs && !isDead(holder)) throw new LeaseHeldError(`${what} is in use by ${nameOf(holder)}`);
      files.remove(other);
    }
  } catch (error) {
    attempt(release);
    throw error;
  }
  // A failed renewal is tried again. If the lease is gone, `check` says so.
  timer = setInterval(() => attempt(renew), renewMs).unref();
  return { check, release };
};

/** Calls a function and ignores its error. */
const attempt = (call: () => void): void => {
  try {
    call();
  } catch {
    // The caller handles it in another way.
  }
};

/** Who holds a lease. */
interface Owner {
  readonly pid: number;
  readonly host: string;
  /** Where the process id is valid; null if that is unknown. */
  readonly scope: string | null;
  /** When the process started, in ticks since the boot, because ids are reused; null if that is unknown. */
  readonly startedAt: string | null;
}

const thisOwner = (): Owner => ({ pid: process.pid, host: hostname(), scope: scopeOfPids(), startedAt: processStatus(process.pid)?.startedAt ?? null });

const scopeOfPids = (): string | null => {
  if (process.platform !== 'linux') return `${process.platform} ${hostname()}`;
  try {
    // Else /proc is that of another namespace, and its ids belong to other processes.
    if (readlinkSync('/proc/self') !== String(process.pid)) return null;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return null;
  }
};

/** The owner of a lease file; null if the file is being created or removed. */
const ownerIn = (files: Files, path: string): Owner | null => {
  try {
    const file = files.open(path, 'read');
    try {
      const buffer = Buffer.alloc(4096);
      const owner: unknown = JSON.parse(buffer.toString('utf8', 0, files.read(file, buffer, 0)));
      return isRecord(owner) && 'pid' in owner && Number.isSafeInteger(owner.pid) ? (owner as Owner) : null; // the other fields are only compared and shown
    } finally {
      files.close(file);
    }
  } catch {
    return null;
  }
};

const nameOf = (owner: Owner | null): string => {
  if (owner === null) return 'another process';
  const { pid, host, scope } = owner;
  if (scope === null || scope !== scopeOfPids()) return `process ${pid} on ${host}, or in another container; if it was killed, try again in ${expiresAfterMs / 1000} s`;
  return pid === process.pid ? 'this process' : `process ${pid}`;
};

/** Whether the process of an owner has certainly ended. */
const isDead = (owner: Owner | null): boolean => {
  if (owner === null || owner.scope === null || owner.scope !== scopeOfPids()) return false;
  const status = processStatus(owner.pid);
  return status === null ? !exists(owner.pid) : status.hasEnded || status.startedAt !== owner.startedAt;
};

const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // The process of another user exists as well.
    return codeOf(error) !== 'ESRCH';
  }
};

/** The status of a process on Linux; null on other systems, and for a process that does not exist or is hidden. */
const processStatus = (pid: number): { readonly startedAt: string; readonly hasEnded: boolean } | null => {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    // The name of the program is in parentheses, and may hold any character.
    const [state = '', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A killed process keeps its id until its parent reaps it, which in a container may never happen.
    return { startedAt: fields[18] ?? '', hasEnded: state === 'Z' || state === 'X' };
  } catch {
    return null;
  }
};
