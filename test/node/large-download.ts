/**
 * Downloads one file and measures its memory use. Arguments: the link, the directory, the link of a small file.
 * Prints JSON: the received bytes, and by how many bytes the resident memory grew during the download.
 */
import { lastValueFrom, tap } from 'rxjs';
import { download } from 'rx-seedance/node';

const [link = '', directory = '', warmUp = ''] = process.argv.slice(2);

// The first download loads and compiles code, which does not count.
await lastValueFrom(download(warmUp, { directory, fileName: 'small.mp4', allowPrivateHosts: true }));

const beforeBytes = process.memoryUsage.rss();
let mostBytes = 0;
const last = await lastValueFrom(
  download(link, { directory, fileName: 'large.mp4', allowPrivateHosts: true }).pipe(tap(() => { mostBytes = Math.max(mostBytes, process.memoryUsage.rss()); })),
);
console.log(JSON.stringify({ receivedBytes: last.receivedBytes, extraBytes: mostBytes - beforeBytes }));
