/**
 * `rx-seedance/node`: keeps what was paid for. Needs Node.
 */
export { download, type DownloadOptions, type DownloadProgress } from './download.js';
export { DownloadError, type DownloadErrorKind, isDownloadError } from './download-error.js';
export { taskFileName } from './file-name.js';
