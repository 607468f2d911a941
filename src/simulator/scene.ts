/**
 * What a film shows: a sun, or a moon, that moves in an arc behind three ranges of hills.
 * Source: ITU-R BT.601 (from RGB to luma and colour differences).
 */
import { blockSize, columns, cornerOf, paintBlock, pictureSize, rows } from './picture.js';
import type { Channel, Colour, Picture } from './picture.js';
import { fraction, integer } from './random.js';

const clamp = (value: number): number => Math.min(1, Math.max(0, value));

const mix = (from: number, to: number, share: number): number => from + (to - from) * share;

const colour = (rgb: number): Colour => {
  const [red, green, blue] = [rgb >> 16, (rgb >> 8) & 0xff, rgb & 0xff];
  return [
    16 + 0.257 * red + 0.504 * green + 0.098 * blue,
    128 - 0.148 * red - 0.291 * green + 0.439 * blue,
    128 + 0.439 * red - 0.368 * green - 0.071 * blue,
  ];
};

const mixColours = (from: Colour, to: Colour, share: number): Colour => [mix(from[0], to[0], share), mix(from[1], to[1], share), mix(from[2], to[2], share)];

/** Colours of the sky above and at the horizon, of the sun, and of the farthest and the nearest hills. */
const palette = (zenith: number, horizon: number, sun: number, far: number, near: number) => ({
  zenith: colour(zenith),
  horizon: colour(horizon),
  sun: colour(sun),
  hills: [colour(far), mixColours(colour(far), colour(near), 0.5), colour(near)],
});

const palettes = [
  palette(0x6f8fd0, 0xffdcb8, 0xfff3d0, 0xcf9da6, 0x3f3b66), // dawn
  palette(0x3f8fd6, 0xd3ecf7, 0xfffbe6, 0x8fb7c4, 0x2f6650), // noon
  palette(0xc9743a, 0xffe3a3, 0xfff7dc, 0xd79a5e, 0x5b2f1f), // amber
  palette(0x3b2f6b, 0xff9a62, 0xffe2a0, 0xa85a78, 0x2a1c3c), // dusk
  palette(0x0e1a3a, 0x5674a8, 0xf4f1dc, 0x2f4874, 0x0b1428), // night
  palette(0x0f6f7c, 0xbfeadd, 0xfff6d8, 0x5fa9a3, 0x0d3f47), // teal
  palette(0xb5648f, 0xffd6d2, 0xfff1e6, 0xcf8da0, 0x5a2c50), // rose
  palette(0x6f6bb5, 0xe9d7f2, 0xfff8f0, 0xa597c6, 0x38315f), // lilac
  palette(0x8fb0c9, 0xf2f6fa, 0xffffff, 0xa9c0cf, 0x3e566b), // frost
  palette(0x63b5c4, 0xf5f2c8, 0xfffbe0, 0x9cc59a, 0x2f5f45), // meadow
  palette(0x2b2258, 0xd66fa3, 0xffe9d6, 0x7d4a94, 0x1e1740), // plum
  palette(0x1f3f66, 0xf2b38b, 0xfff0d0, 0x8a7a94, 0x1d2a44), // harbour
] as const;

const horizonY = 50;
const sunRadius = 6.5;
/** The radius of the sun's glow. Only the blocks that it touches change. */
const glowRadius = 15;

/** How far a block is from a point; 0 inside the block. */
const distanceTo = (block: number, x: number, y: number): number => {
  const [left, top] = cornerOf(block);
  const beyond = (at: number, start: number): number => Math.max(start - at, at - start - blockSize, 0);
  return Math.hypot(beyond(x, left), beyond(y, top));
};

/**
 * The scene of a name, which decides its palette, its hills and the arc of its sun.
 *
 * @returns its picture at a time from 0, the start of the film, to 1, its end
 */
export const sceneOf = (name: string): ((time: number) => Picture) => {
  const draw = (of: string): number => fraction(name, of);
  const { zenith, horizon, sun, hills } = palettes[integer(0, palettes.length - 1, name, 'palette')] ?? palettes[0];
  /** From the farthest to the nearest, each with its upper edge by column of pixels. */
  const ranges = hills.map((shade, range) => {
    const waves = [[110, 5], [47, 2.5], [19, 1]].map(([length = 1, height = 0]) => ({ length, height, phase: draw(`${range} ${length}`) }));
    const edge = Array.from({ length: pictureSize.width }, (_, x) =>
      waves.reduce((y, { length, height, phase }) => y + height * Math.sin(2 * Math.PI * (x / length + phase)), 40 + 10 * range));
    return { shade, edge };
  });
  const side = draw('side') < 0.5 ? -1 : 1;
  const start = mix(0.08, 0.5, draw('start'));

  const sampleAt = (channel: Channel, x: number, y: number, sunX: number, sunY: number): number => {
    const distance = Math.sqrt((x - sunX) ** 2 + (y - sunY) ** 2);
    const glow = 0.8 * clamp(1 - distance / glowRadius) ** 1.6;
    const sky = mix(zenith[channel], horizon[channel], clamp(y / horizonY));
    let sample = mix(sky, sun[channel], Math.max(glow, clamp((sunRadius - distance) / 2 + 0.5)));
    for (const { shade, edge } of ranges) {
      const depth = y - (edge[Math.floor(x)] ?? 0);
      // Mist: a hill fades towards the horizon's colour at its foot.
      if (depth > -0.5) sample = mix(sample, mix(shade[channel], horizon[channel], 0.4 * clamp(depth / 30)), clamp(depth + 0.5));
    }
    return sample;
  };
  const paint = (block: number, sunX: number, sunY: number): Buffer => paintBlock(block, (channel, x, y) => sampleAt(channel, x, y, sunX, sunY));
  const backdrop = Array.from({ length: columns * rows }, (_, block) => paint(block, Infinity, Infinity));

  return (time) => {
    const angle = Math.PI * (start + 0.35 * time);
    const [sunX, sunY] = [pictureSize.width / 2 + side * 40 * Math.cos(angle), horizonY - 4 - 34 * Math.sin(angle)];
    return backdrop.map((block, index) => (distanceTo(index, sunX, sunY) < glowRadius ? paint(index, sunX, sunY) : block));
  };
};
