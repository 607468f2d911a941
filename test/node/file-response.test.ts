import { describe, expect, it } from 'vitest';
import { type FileAction, headersFor, type Held, actionFor } from '../../src/node/file-response.js';

const nothing: Held = { receivedBytes: 0, totalBytes: null, validator: null };
const half: Held = { receivedBytes: 500, totalBytes: 1000, validator: '"a"' };

const action = (status: number, headers: Readonly<Record<string, string>>, held: Held): FileAction =>
  actionFor({ status, header: (name) => headers[name] ?? null }, held);

describe('a request for a file', () => {
  it('is for all of it if no bytes are held', () => {
    expect(headersFor(nothing)).toEqual({ accept: '*/*', 'accept-encoding': 'identity' });
  });

  it('is for the rest, if the file is still the same', () => {
    expect(headersFor(half)).toMatchObject({ range: 'bytes=500-', 'if-range': '"a"' });
  });

  it('is for all of it if the held bytes have no validator', () => {
    expect(headersFor({ ...half, validator: null })).not.toHaveProperty('range');
  });
});

const then = 'Tue, 03 Nov 2026 10:00:00 GMT';

/** What is expected of a response. Most files are in no coding. */
type Expected = FileAction | (Omit<Extract<FileAction, { readonly kind: 'bytes' }>, 'codings'> & { readonly codings?: readonly string[] });
const unbounded = { kind: 'bytes', fromBytes: 0, toBytes: null, totalBytes: null, validator: null } as const;

describe('a response', () => {
  it.each<[string, number, Record<string, string>, Held, Expected]>([
    ['the whole file', 200, { 'content-length': '1000', etag: '"a"' }, nothing, { kind: 'bytes', fromBytes: 0, toBytes: 1000, totalBytes: 1000, validator: '"a"' }],
    ['a file of unknown length', 200, {}, nothing, { kind: 'bytes', fromBytes: 0, toBytes: null, totalBytes: null, validator: null }],
    ['the whole file after a request for a part', 200, { 'content-length': '1000', etag: '"b"' }, half, { kind: 'bytes', fromBytes: 0, toBytes: 1000, totalBytes: 1000, validator: '"b"' }],
    ['the rest', 206, { 'content-range': 'bytes 500-999/1000', 'content-length': '500', etag: '"a"' }, half, { kind: 'bytes', fromBytes: 500, toBytes: 1000, totalBytes: 1000, validator: '"a"' }],
    ['a part of the rest', 206, { 'content-range': 'bytes 500-599/*', etag: '"a"' }, half, { kind: 'bytes', fromBytes: 500, toBytes: 600, totalBytes: 1000, validator: '"a"' }],
    ['a weak tag, which is not a validator', 200, { etag: 'W/"a"' }, nothing, { kind: 'bytes', fromBytes: 0, toBytes: null, totalBytes: null, validator: null }],
    ['a date, well after the last change', 200, { 'last-modified': then, date: 'Tue, 03 Nov 2026 10:01:00 GMT' }, nothing, { ...unbounded, validator: then }],
    ['a date without the time of the response, which is not a validator', 200, { 'last-modified': then }, nothing, unbounded],
    ['a date of the very second, which is not a validator', 200, { 'last-modified': then, date: then }, nothing, unbounded],
    ['a date that is none', 200, { 'last-modified': '0', date: then }, nothing, unbounded],
    ['a date beside a weak tag, which is not a validator', 200, { etag: 'W/"a"', 'last-modified': then, date: 'Tue, 03 Nov 2026 11:00:00 GMT' }, nothing, unbounded],
    ['the rest of a file with a date', 206, { 'content-range': 'bytes 500-999/1000', 'last-modified': then }, { ...half, validator: then }, { kind: 'bytes', fromBytes: 500, toBytes: 1000, totalBytes: 1000, validator: then }],
    ['a part that is the whole file, without a range in the request', 206, { 'content-range': 'bytes 0-999/1000', etag: '"a"' }, nothing, { kind: 'bytes', fromBytes: 0, toBytes: 1000, totalBytes: 1000, validator: '"a"' }],
    ['a part that is the whole file, instead of the rest', 206, { 'content-range': 'bytes 0-999/1000', etag: '"b"' }, half, { kind: 'bytes', fromBytes: 0, toBytes: 1000, totalBytes: 1000, validator: '"b"' }],
    ['a content-encoding that is no compression', 200, { 'content-length': '1000', 'content-encoding': 'aws-chunked,UTF-8' }, nothing, { kind: 'bytes', fromBytes: 0, toBytes: 1000, totalBytes: 1000, validator: null }],
    ['a compressed file, whose length and tag are not those of the video', 200, { 'content-length': '1000', 'content-encoding': 'aws-chunked, gzip', etag: '"a"' }, nothing, { ...unbounded, codings: ['gzip'] }],
    ['any content-type, which does not decide', 200, { 'content-length': '1000', 'content-type': 'text/plain' }, nothing, { kind: 'bytes', fromBytes: 0, toBytes: 1000, totalBytes: 1000, validator: null }],
    ['416 when all is held', 416, { 'content-range': 'bytes */500' }, { ...half, totalBytes: null }, { kind: 'whole' }],
  ])('is accepted: %s', (_, status, headers, held, expected) => {
    expect(action(status, headers, held)).toEqual(expected.kind === 'bytes' ? { codings: [], ...expected } : expected);
  });

  it.each<[string, number, Record<string, string>]>([
    ['it starts at another byte', 206, { 'content-range': 'bytes 7-999/1000', etag: '"a"' }],
    ['it has no tag', 206, { 'content-range': 'bytes 500-999/1000' }],
    ['it has a date instead of the tag', 206, { 'content-range': 'bytes 500-999/1000', 'last-modified': then }],
    ['it has the tag, but weak', 206, { 'content-range': 'bytes 500-999/1000', etag: 'W/"a"' }],
    ['it is compressed', 206, { 'content-range': 'bytes 500-999/1000', 'content-encoding': 'gzip', etag: '"a"' }],
    ['it has another tag', 206, { 'content-range': 'bytes 500-999/1000', etag: '"b"' }],
    ['it has another size', 206, { 'content-range': 'bytes 500-1999/2000', etag: '"a"' }],
    ['416, and the file is shorter than the held bytes', 416, { 'content-range': 'bytes */400' }],
    ['416, and the file ends at the held bytes, which were known to be incomplete', 416, { 'content-range': 'bytes */500' }],
    ['416, without the length of the file', 416, {}],
  ])('makes the held bytes stale: %s', (_, status, headers) => {
    expect(action(status, headers, half).kind).toBe('stale');
  });

  it.each<[string, number, Record<string, string>, Held]>([
    ['an empty file', 200, { 'content-length': '0', 'content-type': 'video/mp4', etag: '"a"' }, nothing],
    ['several ranges', 206, { 'content-type': 'multipart/byteranges; boundary=x' }, half],
    ['in a coding that Node does not know', 200, { 'content-encoding': 'compress' }, nothing],
    ['in more codings than are undone', 200, { 'content-encoding': 'gzip, gzip, gzip, gzip, gzip, gzip' }, nothing],
    ['a part after a request for the whole file', 206, { 'content-range': 'bytes 0-8/10' }, nothing],
    ['a part without a Content-Range', 206, {}, half],
    ['a length that does not match its range', 206, { 'content-range': 'bytes 500-999/1000', 'content-length': '400', etag: '"a"' }, half],
    ['408', 408, {}, nothing], ['425', 425, {}, nothing], ['500', 500, {}, nothing], ['503', 503, {}, nothing], ['204', 204, {}, nothing], ['304', 304, {}, half],
  ])('is retried: %s', (_, status, headers, held) => {
    expect(action(status, headers, held).kind).toBe('retry');
  });

  it('is retried when the host allows it: after seconds, or at a time', () => {
    expect(action(429, { 'retry-after': '7' }, nothing)).toMatchObject({ kind: 'retry', retryAfterMs: 7000 });
    const headers = { date: 'Tue, 03 Nov 2026 10:00:00 GMT', 'retry-after': 'Tue, 03 Nov 2026 10:00:30 GMT' };
    expect(action(503, headers, nothing)).toMatchObject({ kind: 'retry', retryAfterMs: 30_000 });
  });

  it.each([400, 401, 403, 404, 405, 410])('is refused: %i', (status) => {
    expect(action(status, {}, half)).toEqual({ kind: 'refused', message: `the file's host responded with ${String(status)}` });
  });
});
