/**
 * The last frame of a film, as a PNG.
 * Source: W3C PNG, section 5 (chunks), 11.2 (IHDR); ITU-R BT.601 (from luma and colour differences to RGB).
 */
import { crc32, deflateSync } from 'node:zlib';
import { colourAt, pictureSize } from './picture.js';
import type { Colour } from './picture.js';
import { sceneOf } from './scene.js';
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

/** The last frame of the film of a name. */
export const lastFrameFile = (name: string): ServedFile => {
  const { width, height } = pictureSize;
  const picture = sceneOf(name)(1);
  // Each row begins with a byte for its filter: none.
  const rowOf = (y: number): readonly number[] => [0, ...Array.from({ length: width }, (_, x) => rgbOf(colourAt(picture, x, y))).flat()];
  const rows = Array.from({ length: height }, (_, y) => rowOf(y)).flat();
  const header = Buffer.concat([longs(width, height), Buffer.of(8, 2, 0, 0, 0)]); // 8 bits a channel, RGB
  const chunks = [chunk('IHDR', header), chunk('IDAT', deflateSync(Buffer.from(rows))), chunk('IEND', Buffer.alloc(0))];
  return bufferFile('image/png', Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...chunks]));
};
