/**
 * A program that opens the journal of a directory, or the part of `x.mp4` there, and prints `held`, or why it cannot. For each line of its
 * input it saves a state, or appends to the part, and prints `saved` or the error. Runs as a process and as a worker thread.
 */
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { startWatch, watchConfig } from 'rx-seedance';
import { openJournal } from 'rx-seedance/node';
import { ark } from 'rx-seedance/providers/ark';
import { openPart } from '../../src/node/part-file.js';

const [directory = '', what = ''] = isMainThread ? process.argv.slice(2) : (workerData as readonly string[]);

const print = (line: string): void => {
  if (isMainThread) console.log(line);
  else parentPort?.postMessage(line);
};

const openedJournal = (): ((line: string) => void) => {
  const journal = openJournal(directory);
  return (id) => {
    const state = startWatch({ provider: 'ark', id }, watchConfig(ark), 1000);
    journal.watch(state.task).save?.(state);
  };
};

const openedPart = async (): Promise<(line: string) => Promise<void>> => {
  const part = await openPart(join(directory, 'x.mp4'), false);
  if (part.held().receivedBytes === 0) await part.begin(null, '"x"');
  return (line) => part.write(Buffer.from(line));
};

try {
  const save = await (what === 'part' ? openedPart() : openedJournal());
  print('held');
  const saved = (line: string): void => {
    void (async () => save(line))().then(() => print('saved'), (error: unknown) => print(String(error)));
  };
  if (isMainThread) createInterface(process.stdin).on('line', saved);
  else parentPort?.on('message', saved);
} catch (error) {
  print(String(error));
}

// Stays alive without an input.
if (isMainThread) setInterval(() => undefined, 1 << 30);
