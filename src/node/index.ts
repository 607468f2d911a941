/**
 * `rx-seedance/node`: saves videos to files, and keeps watch states in a journal, so that a watch survives a restart. Needs Node.
 * @module
 */
export { download } from './download.js';
export type { DownloadOptions, DownloadProgress, SinkFile } from './download-options.js';
export { DownloadError, type DownloadErrorKind, isDownloadError } from './download-error.js';
export { taskFileName } from './file-name.js';
export { type InvalidLine, type Journal, type JournalOptions, openJournal } from './journal.js';
export { type SaveEvent, saveVideos, type SaveVideosOptions, type NotSavedReason } from './save-videos.js';
export type { SavedFile, SavedVideo, VideoRecord } from './video-record.js';
