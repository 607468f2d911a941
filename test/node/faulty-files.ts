/**
 * A file system in memory whose n-th call fails, as in SQLite's tests. It knows what a power failure keeps: the content of a file up to its
 * last `sync`, and the names in a directory up to the last `syncDirectory`. What a failed `sync` has not flushed, no later one does.
 */
import { dirname } from 'node:path';
import type { Files, FileStatus } from '../../src/node/files.js';

/** `ENOSPC` and `EIO` fail one call; the first writes half of its bytes. `kill` and `power` end the program: all later calls fail too. */
export type Fault = 'ENOSPC' | 'EIO' | 'kill' | 'power';

/** What is left after a power failure of what was not flushed. */
export interface Left {
  readonly names: 'flushed' | 'latest';
  readonly bytes: 'flushed' | 'half' | 'latest';
}

interface Content {
  bytes: Buffer;
  flushed: Buffer;
  /** The range that a failed `sync` has left unflushed. */
  lost: { readonly from: number; readonly to: number };
  modifiedAtMs: number;
}

const systemError = (code: string): Error => Object.assign(new Error(`${code}: injected`), { code });

/** Calls that fail only when the disk is written to. */
const needsSpace = new Set(['open', 'write', 'rename', 'makeDirectory', 'sync', 'syncDirectory']);

export class FaultyFiles {
  #names = new Map<string, Content>();
  #flushedNames = new Map<string, Content>();
  #open = new Map<number, { readonly content: Content; readonly path: string; readonly appends: boolean; at: number }>();
  #next = 3;
  #ended = false;
  #fault: { readonly kind: Fault; readonly atCall: number } | null = null;
  /** The number of calls since the last fault was set. */
  calls = 0;
  nowMs = 0;
  /** Whether the fault has happened. */
  happened = false;

  /** Lets one of the next calls fail. */
  failAt(kind: Fault, atCall: number): void {
    this.#fault = { kind, atCall };
    this.calls = 0;
    this.happened = false;
  }

  /** The next program finds what is left. It starts a minute later, so that every lease has expired. */
  restart(left: Left = { names: 'latest', bytes: 'latest' }): void {
    this.#fault = null;
    this.#ended = false;
    this.#open.clear();
    this.nowMs += 60_000;
    if (left.names === 'flushed') this.#names = new Map(this.#flushedNames);
    for (const content of this.#names.values()) {
      const { bytes, flushed } = content;
      if (left.bytes === 'flushed') content.bytes = flushed;
      if (left.bytes === 'half') content.bytes = Buffer.concat([flushed, bytes.subarray(flushed.length, flushed.length + Math.ceil((bytes.length - flushed.length) / 2))]);
      content.flushed = content.bytes;
      content.lost = { from: 0, to: 0 };
    }
    this.#flushedNames = new Map(this.#names);
  }

  get paths(): readonly string[] {
    return [...this.#names.keys()].sort();
  }

  text(path: string): string {
    return this.#names.get(path)?.bytes.toString() ?? '';
  }

  readonly files: Files = this.#guarded({
    open: (path, mode) => {
      const found = this.#names.get(path);
      if (mode === 'create' && found !== undefined) throw systemError('EEXIST');
      if ((mode === 'read' || mode === 'overwrite') && found === undefined) throw systemError('ENOENT');
      const content = found ?? { bytes: Buffer.alloc(0), flushed: Buffer.alloc(0), lost: { from: 0, to: 0 }, modifiedAtMs: this.nowMs };
      this.#names.set(path, content);
      this.#open.set(this.#next, { content, path, appends: mode !== 'overwrite', at: 0 });
      return this.#next++;
    },
    read: (file, buffer, position) => this.#of(file).content.bytes.copy(buffer, 0, position),
    write: (file, bytes, offset) => {
      const entry = this.#of(file);
      const { content } = entry;
      const at = entry.appends ? content.bytes.length : entry.at;
      const added = bytes.subarray(offset);
      content.bytes = Buffer.concat([content.bytes.subarray(0, at), added, content.bytes.subarray(at + added.length)]);
      content.modifiedAtMs = this.nowMs;
      entry.at = at + added.length;
      return added.length;
    },
    truncate: (file, bytes) => {
      const { content } = this.#of(file);
      content.bytes = content.bytes.subarray(0, bytes);
      content.lost = { from: content.lost.from, to: Math.min(content.lost.to, bytes) };
    },
    sync: (file) => {
      const { content } = this.#of(file);
      const { bytes, lost: { from, to } } = content;
      content.flushed = to > from ? Buffer.from(bytes).fill(0, from, to) : bytes;
    },
    close: (file) => {
      this.#of(file);
      this.#open.delete(file);
    },
    statusOf: (file) => this.#status(this.#of(file).content),
    statusAt: (path) => {
      const content = this.#names.get(path);
      return content === undefined ? null : this.#status(content);
    },
    rename: (from, to) => {
      const content = this.#names.get(from);
      if (content === undefined) throw systemError('ENOENT');
      this.#names.delete(from);
      this.#names.set(to, content);
    },
    remove: (path) => void this.#names.delete(path),
    list: (directory) => this.paths.filter((path) => dirname(path) === directory).map((path) => path.slice(directory.length + 1)),
    makeDirectory: () => undefined,
    syncDirectory: () => {
      this.#flushedNames = new Map(this.#names);
    },
  });

  #of(file: number) {
    const entry = this.#open.get(file);
    if (entry === undefined) throw systemError('EBADF');
    return entry;
  }

  #status(content: Content): FileStatus {
    const links = [...this.#names.values()].filter((named) => named === content).length;
    return { isFile: true, bytes: content.bytes.length, modifiedAtMs: content.modifiedAtMs, links };
  }

  #guarded(files: Files): Files {
    const guarded = Object.entries(files).map(([name, call]: readonly [string, (...args: never[]) => unknown]) => [name, (...args: never[]) => {
      if (this.#ended) throw systemError('EIO');
      this.calls += 1;
      const { kind, atCall } = this.#fault ?? { kind: 'EIO', atCall: Infinity };
      if (this.calls < atCall || this.happened || (kind === 'ENOSPC' && !needsSpace.has(name))) return call(...args);
      this.happened = true;
      this.#ended = kind === 'kill' || kind === 'power';
      if (name === 'write') {
        // A part of the bytes is written.
        const [file, bytes, offset] = args as unknown as Parameters<Files['write']>;
        files.write(file, bytes.subarray(0, offset + Math.floor((bytes.length - offset) / 2)), offset);
      }
      if (name === 'sync') {
        const { content } = this.#of(args[0] as unknown as number);
        content.lost = { from: content.flushed.length, to: content.bytes.length };
      }
      throw systemError(kind === 'ENOSPC' ? 'ENOSPC' : 'EIO');
    }]);
    return Object.fromEntries(guarded) as Files;
  }
}
