/**
 * A real directory in which the n-th call of `node:fs` or `node:fs/promises` fails, for code that calls them itself. A test mocks both modules
 * with those of here. As `FaultyFiles`, it knows what a power failure keeps: the bytes up to the last flush of a file, and the names up to the
 * last flush of the directory.
 */
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Fault } from './faulty-files.js';

// Not the mocked modules.
const fs = process.getBuiltinModule('node:fs');
const promises = process.getBuiltinModule('node:fs/promises');

/** A directory: each name, and the file of this name. Two names may have one file. */
type Names = ReadonlyMap<string, string>;

/** What a disk holds when a program ends: names and bytes as programs see them, and those that were flushed. */
export interface Crash {
  readonly names: Names;
  readonly flushedNames: Names;
  readonly bytes: ReadonlyMap<string, Buffer>;
  readonly flushedBytes: ReadonlyMap<string, Buffer>;
}

const systemError = (code: string): Error => Object.assign(new Error(`${code}: injected`), { code });

/** Calls that fail only when the disk is full. */
const needsSpace = /^(?:open|write|rename|link|mkdir|fsync|sync)/;

let root = '';
let fault: { readonly kind: Fault; readonly atCall: number } = { kind: 'EIO', atCall: Infinity };
let calls = 0;
let hasHappened = false;
let hasEnded = false;
let flushedNames: Names = new Map();
const flushedBytes = new Map<string, Buffer>();
const files = new Set<number>();

/** Identifies a file also after its inode was used again. */
const idOf = (path: string): string => {
  const { ino, birthtimeNs } = fs.lstatSync(path, { bigint: true });
  return `${String(ino)} ${String(birthtimeNs)}`;
};
const latestNames = (): Names => new Map(fs.readdirSync(root).map((name) => [name, idOf(join(root, name))]));
const latestBytes = (): ReadonlyMap<string, Buffer> => new Map(fs.readdirSync(root).map((name) => [idOf(join(root, name)), fs.readFileSync(join(root, name))]));

const flush = (file: number): void => {
  const { ino, birthtimeNs } = fs.fstatSync(file, { bigint: true });
  const id = `${String(ino)} ${String(birthtimeNs)}`;
  const bytes = latestBytes().get(id);
  if (bytes !== undefined) flushedBytes.set(id, bytes);
  if (fs.fstatSync(file).isDirectory()) flushedNames = latestNames();
};

export const disk = {
  /** Starts over with a directory whose content is flushed. */
  mount: (directory: string): void => {
    root = directory;
    flushedNames = latestNames();
    flushedBytes.clear();
    for (const [id, bytes] of latestBytes()) flushedBytes.set(id, bytes);
    disk.failAt('EIO', Infinity);
  },
  /** Lets one of the next calls fail: `ENOSPC` and `EIO` only this one, `kill` and `power` also all that follow. */
  failAt: (kind: Fault, atCall: number): void => {
    fault = { kind, atCall };
    calls = 0;
    hasHappened = false;
    hasEnded = false;
  },
  hasHappened: (): boolean => hasHappened,
  crash: (): Crash => ({ names: latestNames(), flushedNames, bytes: latestBytes(), flushedBytes: new Map(flushedBytes) }),
  /** Fills the directory with what is left of it, and lets all leases expire. */
  restore: ({ bytes: latest, flushedBytes: flushed }: Crash, names: Names, left: 'flushed' | 'half' | 'latest'): void => {
    for (const name of fs.readdirSync(root)) fs.rmSync(join(root, name));
    const paths = new Map<string, string>();
    for (const [name, id] of names) {
      const path = join(root, name);
      const other = paths.get(id);
      paths.set(id, path);
      if (other !== undefined) {
        fs.linkSync(other, path);
        continue;
      }
      const kept = flushed.get(id) ?? Buffer.alloc(0);
      const all = latest.get(id) ?? kept;
      const half = Buffer.concat([kept, all.subarray(kept.length, kept.length + Math.ceil(Math.max(0, all.length - kept.length) / 2))]);
      fs.writeFileSync(path, left === 'latest' ? all : left === 'half' ? half : kept, { mode: 0o600 });
      if (name.includes('.lease-')) fs.utimesSync(path, 1, 1);
    }
    disk.mount(root);
  },
};

type Call = (...args: never[]) => unknown;

const isOurs = (args: readonly unknown[]): boolean =>
  args.some((arg) => (typeof arg === 'string' && (arg === root || dirname(arg) === root)) || (typeof arg === 'number' && files.has(arg)));

/** Fails if it is time for that; a failed write has written the half. Else it notes what a flush keeps. */
const guarded = (name: string, call: Call, isOwn: (args: readonly unknown[]) => boolean, flushed?: () => number): Call => (...args) => {
  if (!isOwn(args)) return call(...args);
  const isClose = name.startsWith('close');
  calls += hasEnded ? 0 : 1;
  const isDue = !hasHappened && calls >= fault.atCall && (fault.kind !== 'ENOSPC' || needsSpace.test(name));
  if (isDue) {
    hasHappened = true;
    hasEnded = fault.kind === 'kill' || fault.kind === 'power';
    if (/^write/.test(name)) {
      const [to, bytes, offset = 0] = args as unknown as [number, string | Uint8Array, number?];
      // The second argument of a handle's `write` is the offset.
      if (typeof to === 'number') call(...([to, Buffer.from(bytes as string).subarray(offset, offset + Math.floor((bytes.length - offset) / 2))] as never[]));
      else fs.writeSync(flushed?.() ?? -1, to, 0, Math.floor((to as Uint8Array).length / 2), (args as unknown as [unknown, number, number, number])[3]);
    }
  }
  if (!isDue && !hasEnded) {
    if (/^(?:fsync|sync|datasync)/.test(name)) flush(flushed?.() ?? (args as unknown as [number])[0]);
    return call(...args);
  }
  // What a program has open is closed when it ends.
  if (isClose) void call(...args);
  const error = systemError(fault.kind === 'ENOSPC' ? 'ENOSPC' : 'EIO');
  if (flushed !== undefined || Object.values(promises).includes(call as never)) return Promise.reject(error);
  throw error;
};

const guardedHandle = (handle: FileHandle): FileHandle =>
  new Proxy(handle, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' && typeof name === 'string' ? guarded(name, (value as Call).bind(target), () => true, () => target.fd) : value;
    },
  });

const isCall = (value: unknown): value is Call => typeof value === 'function';
const guardedModule = (module: object, wrap: (name: string, call: Call) => Call): object => {
  const calls = Object.fromEntries(Object.entries(module).map(([name, value]: [string, unknown]) => [name, isCall(value) && /^[a-z]/.test(name) ? wrap(name, value) : value]));
  return { ...calls, default: calls };
};

/** For `vi.mock('node:fs')`. */
export const faultyFs = guardedModule(fs, (name, call) => {
  const own = guarded(name, call, isOurs);
  if (name !== 'openSync') return own;
  return (...args) => {
    const file = own(...args) as number;
    if (isOurs(args)) files.add(file);
    else files.delete(file);
    return file;
  };
});

/** For `vi.mock('node:fs/promises')`. */
export const faultyPromises = guardedModule(promises, (name, call) => {
  const own = guarded(name, call, isOurs);
  return name === 'open' ? async (...args) => guardedHandle(await (own(...args) as Promise<FileHandle>)) : own;
});
