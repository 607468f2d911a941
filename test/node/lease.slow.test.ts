import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { openJournal } from '../../src/node/index.js';
import { LeaseHeldError, leaseOf, LeaseLostError } from '../../src/node/lease.js';
import { openPart } from '../../src/node/part-file.js';
import { type Built, buildForNode } from '../support/build.js';

let built: Built;
beforeAll(async () => {
  built = await buildForNode({ owner: fileURLToPath(new URL('owner.ts', import.meta.url)) });
});
afterAll(() => built.remove());

const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'rx-seedance-lease-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
};
const leasesIn = (directory: string): readonly string[] => readdirSync(directory).filter((name) => name.includes('.lease-')).map((name) => join(directory, name));
const onlyLeaseIn = (directory: string): string => {
  expect(leasesIn(directory)).toHaveLength(1);
  return leasesIn(directory)[0] ?? '';
};

/** As if the owner had not renewed its lease for some seconds. */
const age = (lease: string, seconds: number): void => {
  const at = statSync(lease).mtimeMs / 1000 - seconds;
  utimesSync(lease, at, at);
};

type What = 'journal' | 'part';

/** Starts a program that opens the journal or the part in a directory, behind a command such as `unshare`. */
const start = (directory: string, what: What = 'journal', command: readonly string[] = [], cwd?: string) => {
  const [program, ...args] = [...command, process.execPath, built.file('owner'), directory, what];
  const child: ChildProcessWithoutNullStreams = spawn(program, args, { cwd });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const said = async (): Promise<string> => String((await lines.next()).value);
  const save = (id: string): Promise<string> => {
    child.stdin.write(`${id}\n`);
    return said();
  };
  return { child, said, save };
};

/** Starts the program as a thread of this process. */
const startThread = (directory: string, what: What) => {
  const worker = new Worker(built.file('owner'), { workerData: [directory, what] });
  onTestFinished(async () => void (await worker.terminate()));
  const said = async (): Promise<string> => String((await once(worker, 'message'))[0]);
  const save = (id: string): Promise<string> => {
    worker.postMessage(id);
    return said();
  };
  return { worker, said, save };
};

/** Opens the journal or the part in this process. Gives how many states or bytes it holds, and closes it. */
const openHere = async (directory: string, what: What): Promise<number> => {
  if (what === 'journal') {
    const journal = openJournal(directory);
    journal.close();
    return journal.states().length;
  }
  const part = await openPart(join(directory, 'x.mp4'), false);
  await part.close();
  return part.held().receivedBytes;
};

/** Commands that start a program as in a container: with process ids of its own, and as another user. */
const containers: readonly (readonly string[])[] = [
  ['unshare', '--map-root-user', '--pid', '--fork', '--kill-child', '--mount-proc'],
  ['unshare', '--user', '--pid', '--fork', '--kill-child', '--mount-proc'],
  // The process ids in /proc are not those of the program.
  ['unshare', '--map-root-user', '--pid', '--fork', '--kill-child'],
  ['unshare', '--user', '--map-root-user'],
];
const isPermitted = ([program = '', ...args]: readonly string[]): boolean => spawnSync(program, [...args, 'true']).status === 0;

describe('a lease', () => {
  it('has one owner at a time, and leaves nothing behind', () => {
    const directory = folder();
    const path = join(directory, 'file');
    const first = leaseOf(path);
    expect(() => leaseOf(path)).toThrow(LeaseHeldError);
    expect(() => leaseOf(path, 'the file')).toThrow('the file is in use by this process');
    first.check();
    first.release();
    first.release();
    const second = leaseOf(path);
    second.check();
    second.release();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('of one path does not hold another path whose name begins with the same letters', () => {
    const directory = folder();
    for (const name of ['x', 'x.mp4', 'x.mp4.part', 'x.lease-0123456789ab']) onTestFinished(leaseOf(join(directory, name)).release);
    expect(leasesIn(directory)).toHaveLength(4);
  });

  it('that is not renewed for 15 seconds passes to the next contender, and its owner notices', () => {
    const directory = folder();
    const first = leaseOf(join(directory, 'file'));
    age(onlyLeaseIn(directory), 14);
    expect(() => leaseOf(join(directory, 'file'))).toThrow(LeaseHeldError);
    age(onlyLeaseIn(directory), 2);
    const second = leaseOf(join(directory, 'file'));
    expect(first.check).toThrow(LeaseLostError);
    first.release();
    second.check();
    second.release();
  });

  it('passes to the next contender when the clock of the file system was set back', () => {
    const directory = folder();
    const first = leaseOf(join(directory, 'file'));
    age(onlyLeaseIn(directory), -3600);
    leaseOf(join(directory, 'file')).release();
    expect(first.check).toThrow(LeaseLostError);
  });

  it('is renewed every two seconds, even if nothing is written', () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const directory = folder();
    const { check, release } = leaseOf(join(directory, 'file'));
    const renewedAtMs = (): number => statSync(onlyLeaseIn(directory)).mtimeMs;
    const createdAtMs = renewedAtMs();
    age(onlyLeaseIn(directory), 100);
    check();
    vi.advanceTimersByTime(1_999);
    expect(renewedAtMs()).toBeLessThan(createdAtMs);
    vi.advanceTimersByTime(1);
    expect(renewedAtMs()).toBeGreaterThanOrEqual(createdAtMs);
    release();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is lost when its directory is removed', () => {
    const directory = join(folder(), 'removed');
    mkdirSync(directory);
    const { check, release } = leaseOf(join(directory, 'file'));
    rmSync(directory, { recursive: true });
    expect(check).toThrow('its directory was removed');
    release();
  });

  it('ignores directories and symbolic links with the name of a lease', () => {
    const directory = folder();
    mkdirSync(join(directory, 'file.lease-0123456789ab'));
    writeFileSync(join(directory, 'outside'), 'kept');
    symlinkSync(join(directory, 'outside'), join(directory, 'file.lease-0123456789ac'));
    leaseOf(join(directory, 'file')).release();
    expect(readFileSync(join(directory, 'outside'), 'utf8')).toBe('kept');
    expect(leasesIn(directory)).toHaveLength(2);
  });

  it.skipIf(!existsSync('/proc/self/ns/pid'))('of an earlier process with the id of this one does not count, as in containers', () => {
    const directory = folder();
    const { release } = leaseOf(join(directory, 'file'));
    const text = readFileSync(onlyLeaseIn(directory), 'utf8');
    release();
    writeFileSync(join(directory, 'file.lease-0123456789ab'), text.replace(/"startedAt":"\d+"/, '"startedAt":"1"'));
    leaseOf(join(directory, 'file')).release();
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe.each<[What, number]>([['journal', 1], ['part', 'still-mine'.length]])('a %s', (what, saved) => {
  it('has one owner among processes, and the next one as soon as that is killed', async () => {
    const directory = folder();
    const first = start(directory, what);
    expect(await first.said()).toBe('held');
    expect(await start(directory, what).said()).toContain(`in use by process ${String(first.child.pid)}`);
    await expect(openHere(directory, what)).rejects.toThrow(`in use by process ${String(first.child.pid)}`);
    expect(await first.save('still-mine')).toBe('saved');
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    expect(await openHere(directory, what)).toBe(saved);
    expect(leasesIn(directory)).toEqual([]);
  });

  it.for(what === 'journal' ? containers : containers.slice(0, 1))('has one owner among programs under %j', async (command, { skip }) => {
    skip(!isPermitted(command), 'unshare is not permitted here');
    const directory = folder();
    // Another user is nobody here.
    chmodSync(directory, 0o777);
    const first = start(directory, what, command);
    expect(await first.said()).toBe('held');
    expect(await start(directory, what, command).said()).toContain('in use by ');
    expect(await start(directory, what).said()).toContain('in use by ');
    await expect(openHere(directory, what)).rejects.toThrow('in use by ');
    expect(await first.save('still-mine')).toBe('saved');
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    age(onlyLeaseIn(directory), 16);
    expect(await start(directory, what).said()).toBe('held');
  });

  it('has one owner among the threads of a process', async () => {
    const directory = folder();
    const first = startThread(directory, what);
    expect(await first.said()).toBe('held');
    await expect(openHere(directory, what)).rejects.toThrow('in use by this process');
    expect(await startThread(directory, what).said()).toContain('in use by this process');
    expect(await first.save('still-mine')).toBe('saved');
    await first.worker.terminate();
    age(onlyLeaseIn(directory), 16);
    expect(await openHere(directory, what)).toBe(saved);
  });

  it('has one owner among programs that reach its directory by a symbolic link or a relative path', async () => {
    const [directory, elsewhere] = [folder(), folder()];
    symlinkSync(directory, join(elsewhere, 'link'));
    const first = start(directory, what);
    expect(await first.said()).toBe('held');
    const owner = `in use by process ${String(first.child.pid)}`;
    expect(await start(join(elsewhere, 'link'), what).said()).toContain(owner);
    expect(await start('link', what, [], elsewhere).said()).toContain(owner);
    expect(await start('.', what, [], directory).said()).toContain(owner);
    await expect(openHere(join(elsewhere, 'link'), what)).rejects.toThrow(owner);
    await expect(openHere(relative(process.cwd(), directory), what)).rejects.toThrow(owner);
    expect(await first.save('still-mine')).toBe('saved');
  });

  it.skipIf(!existsSync('/proc/self/stat'))('is not written by a process that was stopped while another one took it over', async () => {
    const directory = folder();
    const first = start(directory, what);
    expect(await first.said()).toBe('held');
    expect(await first.save('still-mine')).toBe('saved');
    first.child.kill('SIGSTOP');
    await expect.poll(() => readFileSync(`/proc/${String(first.child.pid)}/stat`, 'utf8'), { timeout: 20_000 }).toContain(') T ');
    age(onlyLeaseIn(directory), 16);
    const second = start(directory, what);
    expect(await second.said()).toBe('held');
    expect(await second.save('mine')).toBe('saved');
    const file = join(directory, what === 'journal' ? 'watches.jsonl' : 'x.mp4.part');
    const text = readFileSync(file, 'utf8');
    first.child.kill('SIGCONT');
    expect(await first.save('too-late')).toContain('another program took it over');
    expect(readFileSync(file, 'utf8')).toBe(text);
    expect(await second.save('more')).toBe('saved');
    expect(readFileSync(file, 'utf8').startsWith(text)).toBe(true);
  });
});

describe('a journal\'s directory', () => {
  it('is free only after 15 seconds if /proc shows the processes of another container, because their ids are not its own', async ({ skip }) => {
    const command = ['unshare', '--map-root-user', '--pid', '--fork', '--kill-child'];
    skip(!isPermitted(command), 'unshare is not permitted here');
    const directory = folder();
    const first = start(directory, 'journal', command);
    expect(await first.said()).toBe('held');
    expect(JSON.parse(readFileSync(onlyLeaseIn(directory), 'utf8'))).toMatchObject({ pid: 1, scope: null });
    expect(() => openJournal(directory)).toThrow('or in another container');
  });

  it.skipIf(!existsSync('/proc/self/stat'))('is free after a kill even if the parent has not reaped the process, so that its id still exists', async () => {
    const directory = folder();
    // The shell becomes a program that never reaps its children.
    const parent = spawn('sh', ['-c', '"$0" "$1" "$2" & exec sleep 1000', process.execPath, built.file('owner'), directory], { stdio: ['pipe', 'ignore', 'ignore'] });
    onTestFinished(() => void parent.kill('SIGKILL'));
    await expect.poll(() => readdirSync(directory), { timeout: 20_000 }).toContain('watches.jsonl');
    const { pid } = JSON.parse(readFileSync(onlyLeaseIn(directory), 'utf8')) as { readonly pid: number };
    expect(() => openJournal(directory)).toThrow(`in use by process ${String(pid)}`);
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => readFileSync(`/proc/${String(pid)}/stat`, 'utf8'), { timeout: 20_000 }).toContain(') Z ');
    openJournal(directory).close();
  });

  it('never has two owners when many processes start at once', async () => {
    const directory = folder();
    const said = await Promise.all(Array.from({ length: 6 }, () => start(directory).said()));
    expect(said.filter((line) => line === 'held').length).toBeLessThanOrEqual(1);
    expect(said.filter((line) => line !== 'held' && !line.includes('is in use by'))).toEqual([]);
  });
});

describe('the part of a download', () => {
  it('is free, and its file is closed, when it cannot be cut to its trusted bytes', async () => {
    const path = join(folder(), 'x.mp4');
    writeFileSync(`${path}.part`, 'abcd');
    writeFileSync(`${path}.part.json`, JSON.stringify({ totalBytes: 9, validator: '"x"', flushedBytes: 2, bootedAtMs: 0 }));
    const handle = await open(path, 'w');
    const prototype = Object.getPrototypeOf(handle) as FileHandle;
    await handle.close();
    const truncate = vi.spyOn(prototype, 'truncate').mockRejectedValueOnce(Object.assign(new Error('EIO: injected'), { code: 'EIO' }));
    onTestFinished(() => { vi.restoreAllMocks(); });
    await expect(openPart(path, true)).rejects.toMatchObject({ kind: 'disk', message: `${path}: the disk reported an I/O error (EIO)` });
    expect(truncate.mock.calls).toEqual([[2]]);
    expect((truncate.mock.contexts[0] as FileHandle).fd).toBe(-1);
    const part = await openPart(path, true);
    expect(part.held().receivedBytes).toBe(2);
    await part.close();
  });

  it('is written by one program at a time, and by the next one once the first has closed it', async () => {
    const directory = folder();
    const path = join(directory, 'x.mp4');
    const first = await openPart(path, false);
    await first.begin(4, null);
    await first.write(Buffer.from('ab'));
    await expect(openPart(path, false)).rejects.toMatchObject({ kind: 'disk', message: `${path}: the file is in use by this process` });
    await first.close();
    const second = await openPart(path, false);
    expect(second.held().receivedBytes).toBe(2);
    await second.write(Buffer.from('cd'));
    await second.finish(() => undefined);
    await second.close();
    expect(readdirSync(directory)).toEqual(['x.mp4']);
    await expect(openPart(path, false)).rejects.toMatchObject({ kind: 'exists' });
    expect(readdirSync(directory)).toEqual(['x.mp4']);
  });

  it('is not written by a program that was stopped while another one took it over', async () => {
    const directory = folder();
    const path = join(directory, 'x.mp4');
    const first = await openPart(path, false);
    await first.begin(4, null);
    age(onlyLeaseIn(directory), 16);
    const second = await openPart(path, false);
    await second.begin(2, null);
    await second.write(Buffer.from('ab'));
    for (const late of [() => first.begin(4, null), () => first.write(Buffer.from('xxxx')), () => first.finish(() => undefined)]) {
      await expect(late()).rejects.toMatchObject({ kind: 'disk', message: expect.stringContaining('the file is no longer this program\'s') as string });
    }
    await first.close();
    await second.finish(() => undefined);
    await second.close();
    expect(readFileSync(path, 'utf8')).toBe('ab');
  });
});
