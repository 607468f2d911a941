/**
 * `rx-seedance/node`: keeps what was paid for. Files from links, and watches that outlive their program. Needs Node.
 */
export { download, type DownloadOptions, type DownloadProgress } from './download.js';
export { DownloadError, type DownloadErrorKind, isDownloadError } from './download-error.js';
export { taskFileName } from './file-name.js';
export { type Journal, openJournal } from './journal.js';
export { type SaveEvent, saveVideos, type SaveVideosOptions, type UnsavedReason } from './save-videos.js';
export type { VideoRecord } from './video-record.js';
