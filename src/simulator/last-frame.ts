/**
 * The last frame of a film, as a PNG: the whole picture in the film's colour.
 * Source: W3C PNG, section 5 (chunks), 11.2 (IHDR); ITU-R BT.601 (from luma and colour differences to RGB).
 */
import { crc32, deflateSync } from 'node:zlib';
import { picture } from './h264.js';
import type { Colour } from './h264.js';
import { bufferFile } from './video-file.js';
import type { ServedFile } from './video-file.js';

const longs = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeUInt32BE(value, 4 * index));
  return bytes;
};

const chunk = (type: string, content: Uint8Array): Buffer => {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  return Buffer.concat([longs(content.length), body, longs(crc32(body))]);
};

const toByte = (value: number): number => Math.min(255, Math.max(0, Math.round(value)));

const rgbOf = ([luma, blue, red]: Colour): readonly number[] => {
  const light = 1.164 * (luma - 16);
  const [b, r] = [blue - 128, red - 128];
  return [light + 1.596 * r, light - 0.392 * b - 0.813 * r, light + 2.017 * b].map(toByte);
};

/** The picture of a colour. */
export const lastFrameFile = (colour: Colour): ServedFile => {
  const { width, height } = picture;
  const pixels = Array.from({ length: width }, () => rgbOf(colour)).flat();
  // Each row begins with a byte for its filter: none.
  const rows = Array.from({ length: height }, () => [0, ...pixels]).flat();
  const header = Buffer.concat([longs(width, height), Buffer.of(8, 2, 0, 0, 0)]); // 8 bits a channel, RGB
  const chunks = [chunk('IHDR', header), chunk('IDAT', deflateSync(Buffer.from(rows))), chunk('IEND', Buffer.alloc(0))];
  return bufferFile('image/png', Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...chunks]));
};
