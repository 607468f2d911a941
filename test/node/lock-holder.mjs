// @ts-check
/**
 * A process that holds a directory, for the tests of the lock: it makes the lock file that a process of the library makes, and stays
 * until it is killed. It knows the file's form by itself, so that a change of the form is seen.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [, , directory = ''] = process.argv;

const beginning = () => {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)?.split(' ')[19]}`;
  } catch {
    return '';
  }
};

writeFileSync(join(directory, `.lock-${process.pid}-00000000000000aa`), beginning());
process.send?.('held');
setInterval(() => undefined, 1 << 30);
