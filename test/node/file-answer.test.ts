import { describe, expect, it } from 'vitest';
import { type FileAnswer, headersFor, type Held, readFileAnswer } from '../../src/node/file-answer.js';

const nothing: Held = { receivedBytes: 0, totalBytes: null, validator: null };
const half: Held = { receivedBytes: 500, totalBytes: 1000, validator: '"a"' };

const answer = (status: number, headers: Readonly<Record<string, string>>, held: Held): FileAnswer =>
  readFileAnswer({ status, header: (name) => headers[name] ?? null }, held);

describe('a request for a file', () => {
  it('asks for all of it where nothing is held', () => {
    expect(headersFor(nothing)).toEqual({ accept: '*/*', 'accept-encoding': 'identity' });
  });

  it('asks for the rest, if the file is still the same', () => {
    expect(headersFor(half)).toMatchObject({ range: 'bytes=500-', 'if-range': '"a"' });
  });

  it('asks for all of it where nothing says what is held', () => {
    expect(headersFor({ ...half, validator: null })).not.toHaveProperty('range');
  });
});

describe('an answer with a file', () => {
  it.each<[string, number, Record<string, string>, Held, FileAnswer]>([
    ['the whole file', 200, { 'content-length': '1000', etag: '"a"' }, nothing, { kind: 'bytes', fromBytes: 0, toBytes: 1000, totalBytes: 1000, validator: '"a"' }],
    ['one that does not know its length', 200, {}, nothing, { kind: 'bytes', fromBytes: 0, toBytes: null, totalBytes: null, validator: null }],
    ['the whole file where a part was asked for', 200, { 'content-length': '1000', etag: '"b"' }, half, { kind: 'bytes', fromBytes: 0, toBytes: 1000, totalBytes: 1000, validator: '"b"' }],
    ['the rest', 206, { 'content-range': 'bytes 500-999/1000', 'content-length': '500', etag: '"a"' }, half, { kind: 'bytes', fromBytes: 500, toBytes: 1000, totalBytes: 1000, validator: '"a"' }],
    ['a piece of the rest', 206, { 'content-range': 'bytes 500-599/*' }, half, { kind: 'bytes', fromBytes: 500, toBytes: 600, totalBytes: 1000, validator: '"a"' }],
    ['a weak tag, which vouches for nothing', 200, { etag: 'W/"a"' }, nothing, { kind: 'bytes', fromBytes: 0, toBytes: null, totalBytes: null, validator: null }],
    ['a date, where there is no tag', 200, { 'last-modified': 'Tue, 03 Nov 2026 10:00:00 GMT' }, nothing, { kind: 'bytes', fromBytes: 0, toBytes: null, totalBytes: null, validator: 'Tue, 03 Nov 2026 10:00:00 GMT' }],
    ['416 when all is held', 416, { 'content-range': 'bytes */500' }, { ...half, totalBytes: null }, { kind: 'whole' }],
  ])('is taken: %s', (_, status, headers, held, expected) => {
    expect(answer(status, headers, held)).toEqual(expected);
  });

  it.each<[string, number, Record<string, string>]>([
    ['it begins elsewhere', 206, { 'content-range': 'bytes 0-999/1000' }],
    ['it has another tag', 206, { 'content-range': 'bytes 500-999/1000', etag: '"b"' }],
    ['it has another size', 206, { 'content-range': 'bytes 500-1999/2000' }],
    ['416, and it is shorter than what is held', 416, { 'content-range': 'bytes */400' }],
    ['416, and it ends where half of what was held to be it ends', 416, { 'content-range': 'bytes */500' }],
    ['416, and it does not say how long it is', 416, {}],
  ])('makes what is held worthless: %s', (_, status, headers) => {
    expect(answer(status, headers, half).kind).toBe('stale');
  });

  it.each<[string, number, Record<string, string>, Held]>([
    ['a page', 200, { 'content-type': 'text/html; charset=utf-8' }, nothing],
    ['JSON', 200, { 'content-type': 'application/json' }, nothing],
    ['nothing', 200, { 'content-length': '0', 'content-type': 'video/mp4', etag: '"a"' }, nothing],
    ['several ranges', 206, { 'content-type': 'multipart/byteranges; boundary=x' }, half],
    ['compressed', 200, { 'content-encoding': 'gzip' }, nothing],
    ['a part that nobody asked for', 206, { 'content-range': 'bytes 0-9/10' }, nothing],
    ['a part of what, it does not say', 206, {}, half],
    ['a length that is not that of its range', 206, { 'content-range': 'bytes 500-999/1000', 'content-length': '400' }, half],
    ['408', 408, {}, nothing], ['425', 425, {}, nothing], ['500', 500, {}, nothing], ['503', 503, {}, nothing], ['204', 204, {}, nothing], ['304', 304, {}, half],
  ])('is asked for again: %s', (_, status, headers, held) => {
    expect(answer(status, headers, held).kind).toBe('retry');
  });

  it('is asked for again when the host says: in seconds, or at an hour', () => {
    expect(answer(429, { 'retry-after': '7' }, nothing)).toMatchObject({ kind: 'retry', retryAfterMs: 7000 });
    const headers = { date: 'Tue, 03 Nov 2026 10:00:00 GMT', 'retry-after': 'Tue, 03 Nov 2026 10:00:30 GMT' };
    expect(answer(503, headers, nothing)).toMatchObject({ kind: 'retry', retryAfterMs: 30_000 });
  });

  it.each([400, 401, 403, 404, 405, 410])('is refused: %i', (status) => {
    expect(answer(status, {}, half)).toEqual({ kind: 'refused', message: `the file's host answers ${String(status)}` });
  });
});
