import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { colourAt } from '../../src/simulator/picture.js';
import { sceneOf } from '../../src/simulator/scene.js';

const anyTime = fc.double({ min: 0, max: 1, noNaN: true });

describe('sceneOf', () => {
  it('is the same for the same name and time', () => {
    fc.assert(
      fc.property(fc.string(), anyTime, (name, time) => {
        expect(Buffer.concat(sceneOf(name)(time)).equals(Buffer.concat(sceneOf(name)(time)))).toBe(true);
      }),
    );
  });

  it('uses only samples that every player accepts', () => {
    fc.assert(
      fc.property(fc.string(), anyTime, (name, time) => {
        const samples = Buffer.concat(sceneOf(name)(time));
        expect(samples.length).toBe(40 * 384);
        expect([Math.min(...samples) >= 16, Math.max(...samples) <= 235]).toEqual([true, true]);
      }),
    );
  });

  it('changes only around the sun', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 32 }), (name, move) => {
        const pictureAt = sceneOf(name);
        const before = pictureAt((move - 1) / 32);
        const changed = pictureAt(move / 32).filter((block, place) => before[place]?.equals(block) === false);
        expect(changed.length).toBeGreaterThan(0);
        expect(changed.length).toBeLessThanOrEqual(12);
      }),
    );
  });

  it('has skies of many colours', () => {
    const skies = Array.from({ length: 24 }, (_, index) => String(colourAt(sceneOf(`film ${index}`)(0), 0, 0)));
    expect(new Set(skies).size).toBeGreaterThan(6);
  });
});
