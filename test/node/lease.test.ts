import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  built = await buildForNode({ owner: fileURLToPath(new URL('journal-owner.ts', import.meta.url)) });
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

/** Starts a program that opens the journal of the directory, behind a command such as `unshare`. */
const start = (directory: string, ...command: readonly string[]) => {
  const [program, ...args] = [...command, process.execPath, built.file('owner'), directory];
  const child: ChildProcessWithoutNullStreams = spawn(program, args);
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const said = async (): Promise<string> => String((await lines.next()).value);
  const save = (id: string): Promise<string> => {
    child.stdin.write(`${id}\n`);
    return said();
  };
  return { child, said, save };
};

const container = ['unshare', '--map-root-user', '--pid', '--fork', '--kill-child', '--mount-proc'];
const hasContainers = spawnSync(container[0] ?? '', [...container.slice(1), 'true']).status === 0;

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

describe('a journal\'s directory', () => {
  it('cannot be opened while another process uses it, and can be as soon as that is killed', async () => {
    const directory = folder();
    const { child, said } = start(directory);
    expect(await said()).toBe('held');
    expect(() => openJournal(directory)).toThrow(`${directory} is in use by process ${String(child.pid)}`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    openJournal(directory).close();
    expect(readdirSync(directory)).toEqual(['watches.jsonl']);
  });

  it.skipIf(!existsSync('/proc/self/stat'))('is free after a kill even if the parent has not reaped the process, so that its id still exists', async () => {
    const directory = folder();
    // The shell becomes a program that never reaps its children.
    const parent = spawn('sh', ['-c', '"$0" "$1" "$2" & exec sleep 1000', process.execPath, built.file('owner'), directory], { stdio: ['pipe', 'ignore', 'ignore'] });
    onTestFinished(() => void parent.kill('SIGKILL'));
    await expect.poll(() => readdirSync(directory)).toContain('watches.jsonl');
    const { pid } = JSON.parse(readFileSync(onlyLeaseIn(directory), 'utf8')) as { readonly pid: number };
    expect(() => openJournal(directory)).toThrow(`in use by process ${String(pid)}`);
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => readFileSync(`/proc/${String(pid)}/stat`, 'utf8')).toContain(') Z ');
    openJournal(directory).close();
  });

  it.skipIf(process.platform === 'win32')('is lost by a process that is stopped for longer than the lease, which notices before it writes', async () => {
    const directory = folder();
    const { child, said, save } = start(directory);
    expect(await said()).toBe('held');
    expect(await save('before')).toBe('saved');
    child.kill('SIGSTOP');
    await expect.poll(() => readFileSync(`/proc/${String(child.pid)}/stat`, 'utf8')).toContain(') T ');
    age(onlyLeaseIn(directory), 16);
    const journal = openJournal(directory);
    onTestFinished(journal.close);
    const text = readFileSync(journal.path, 'utf8');
    child.kill('SIGCONT');
    expect(await save('after')).toContain('another program took it over');
    expect(readFileSync(journal.path, 'utf8')).toBe(text);
    expect(journal.states().map(({ task }) => task.id)).toEqual(['before']);
  });

  it.skipIf(!hasContainers)('has one owner among containers, in which every process has the id 1', async () => {
    const directory = folder();
    const first = start(directory, ...container);
    expect(await first.said()).toBe('held');
    expect(await start(directory, ...container).said()).toMatch(/in use by process 1 on .* try again in 15 s/);
    expect(() => openJournal(directory)).toThrow('in use by process 1 on ');
    expect(await first.save('still-mine')).toBe('saved');
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    age(onlyLeaseIn(directory), 16);
    expect(await start(directory, ...container).said()).toBe('held');
  });

  it('has one owner among the threads of a process', async () => {
    const directory = folder();
    const worker = new Worker(built.file('owner'), { workerData: directory });
    onTestFinished(async () => void (await worker.terminate()));
    expect(await once(worker, 'message')).toEqual(['held']);
    expect(() => openJournal(directory)).toThrow('in use by this process');
    const other = new Worker(built.file('owner'), { workerData: directory });
    expect((await once(other, 'message'))[0]).toContain('in use by this process');
    await other.terminate();
    worker.postMessage('still-mine');
    expect(await once(worker, 'message')).toEqual(['saved']);
    await worker.terminate();
    age(onlyLeaseIn(directory), 16);
    const journal = openJournal(directory);
    expect(journal.states()).toHaveLength(1);
    journal.close();
  });

  it('never has two owners when many processes start at once', async () => {
    const directory = folder();
    const said = await Promise.all(Array.from({ length: 6 }, () => start(directory).said()));
    expect(said.filter((line) => line === 'held').length).toBeLessThanOrEqual(1);
    expect(said.filter((line) => line !== 'held' && !line.includes('is in use by'))).toEqual([]);
  });
});

describe('the part of a download', () => {
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
