import type { RunHelpers } from 'rxjs/internal/testing/TestScheduler';
import { TestScheduler } from 'rxjs/testing';
import { expect } from 'vitest';

/** A test in virtual time: one frame is one millisecond. */
export const marbles = (run: (helpers: RunHelpers) => void) => (): void => {
  new TestScheduler((actual, expected) => {
    expect(actual).toEqual(expected);
  }).run(run);
};
