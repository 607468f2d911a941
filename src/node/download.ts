/**
 * Downloads one file from a signed link, with retries, into a part file that is renamed when it is complete.
 */
import type { Observable } from 'rxjs';
import type { TaskSnapshot } from '../task/snapshot.js';
import { checkedOptions, type DownloadOptions, type DownloadProgress } from './download-options.js';
import { downloadFile, fileBehind, videoOf } from './file-download.js';

/**
 * Saves the video of a task, or the file behind a link.
 *
 *     subscribe    ^--------------------------!
 *     progress     0---1---2---(cut)---2---3--      resumes where it was cut; unsubscribing aborts and keeps the part
 *
 * The bytes go to `<name>.part`, which is renamed once it is a complete video. After a cut connection, or in another process, the download
 * resumes from the part if the server confirms that the file is the same (`If-Range`); else it starts over. It sends only GET requests. A
 * link on the origin of the task's account gets the account's key if it responds with 401 or 403 without it; no other host gets a key.
 * Memory use does not depend on the size of the file. Downloads to one path run one after another within a process.
 *
 * Cold: each subscription is a download.
 * @param source a succeeded task's snapshot, or an http(s) link
 * Errors: `DownloadError` with a `kind`. Throws `TypeError` or `RangeError` at once for an invalid option.
 * @example download(snapshot, { directory: 'videos', client }).subscribe(({ receivedBytes, totalBytes }) => show(receivedBytes, totalBytes))
 */
export const download = (source: TaskSnapshot | string, options: DownloadOptions): Observable<DownloadProgress> => {
  const { fileName } = checkedOptions(options);
  return downloadFile(typeof source === 'string' ? fileBehind(checkedUrl(source), fileName) : videoOf(source.task, source, fileName), options);
};

const checkedUrl = (url: string): string => {
  const shown = String(url).replace(/[?#].*/s, '?…').replace(/\/\/.*@/s, '//…@');
  const { protocol, username, password } = URL.canParse(url) ? new URL(url) : { protocol: '' };
  if (!/^https?:$/.test(protocol) || username !== '' || password !== '') throw new TypeError(`source must be a snapshot or an http(s) link, not '${shown}'`);
  return url;
};
