/**
 * A program that downloads one file and says how much memory that took: argument 1 is the link, 2 the directory, 3 a small file's link.
 * Prints JSON: bytes received, and the most resident memory during the download above that before it, in bytes.
 */
import { lastValueFrom, tap } from 'rxjs';
import { download } from 'rx-seedance/node';

const [link = '', directory = '', warmUp = ''] = process.argv.slice(2);

// What a first download loads and compiles is not what a large one takes.
await lastValueFrom(download(warmUp, { directory, fileName: 'small.mp4' }));

const beforeBytes = process.memoryUsage.rss();
let mostBytes = 0;
const last = await lastValueFrom(
  download(link, { directory, fileName: 'large.mp4' }).pipe(tap(() => { mostBytes = Math.max(mostBytes, process.memoryUsage.rss()); })),
);
console.log(JSON.stringify({ receivedBytes: last.receivedBytes, extraBytes: mostBytes - beforeBytes }));
