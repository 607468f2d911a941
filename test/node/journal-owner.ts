/**
 * A program that opens the journal of a directory and prints `held`, or why it cannot. For each line of its input it saves a state, and
 * prints `saved` or the error. Runs as a process and as a worker thread.
 */
import { createInterface } from 'node:readline';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { startWatch, watchConfig } from 'rx-seedance';
import { openJournal } from 'rx-seedance/node';
import { ark } from 'rx-seedance/providers/ark';

const print = (line: string): void => {
  if (isMainThread) console.log(line);
  else parentPort?.postMessage(line);
};

const printed = (done: string, work: () => void): void => {
  try {
    work();
    print(done);
  } catch (error) {
    print(String(error));
  }
};

printed('held', () => {
  const journal = openJournal(String(workerData ?? process.argv[2]));
  const save = (id: string): void => printed('saved', () => {
    const state = startWatch({ provider: 'ark', id }, watchConfig(ark), 1000);
    journal.watch(state.task).save?.(state);
  });
  if (isMainThread) createInterface(process.stdin).on('line', save);
  else parentPort?.on('message', save);
});

// Stays alive without an input.
if (isMainThread) setInterval(() => undefined, 1 << 30);
