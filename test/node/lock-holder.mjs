// @ts-check
/**
 * A process that locks a directory until it is killed. It creates the lock file without the library, so that the tests notice a change of
 * the file format.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [, , directory = ''] = process.argv;

const startedAt = () => {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)?.split(' ')[19]}`;
  } catch {
    return '';
  }
};

writeFileSync(join(directory, `.lock-${process.pid}-00000000000000aa`), startedAt());
process.send?.('held');
setInterval(() => undefined, 1 << 30);
