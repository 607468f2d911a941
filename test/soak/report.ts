/**
 * Formats the figures of a run with their bounds, and decides whether they hold.
 */
import type { Faults } from './checker.js';

/** One figure, with or without a bound. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit?: string;
  readonly atMost?: number;
  readonly atLeast?: number;
  /** Some of them are printed when the figure does not hold. */
  readonly examples?: readonly string[];
}

/** Whether a figure is within its bounds. False for NaN. */
export const holds = ({ value, atMost = Infinity, atLeast = -Infinity }: Figure): boolean => value <= atMost && value >= atLeast;

/** The faults that the checker found, as figures. */
export const faultFigures = (faults: Faults): readonly Figure[] => {
  const names: Readonly<Record<keyof Faults, string>> = {
    missingEnds: 'missing ends',
    wrongEnds: 'wrong ends',
    wrongSnapshots: 'snapshots that differ from the response',
    wrongProgress: 'progress that decreases, or is 1 too early',
    unjustifiedErrors: 'watches given up without cause',
    missingErrors: 'watches that should have given up',
    pollsTooSoon: 'polls below the minimum interval',
    pollsTooLate: 'polls above the longest wait',
    duplicateEnds: 'duplicate terminal transitions',
    brokenSequences: 'transitions that do not follow the one before',
    wrongRepeats: 'ended watches that are not repeated as they were',
    unsavedStates: 'states that were not saved',
    leaks: 'records with a key',
    requestsOverLimit: 'requests above a given rate limit',
    brokenSilences: 'requests before the end of a Retry-After',
    manyRefusals: 'keys with many refusals',
  };
  return Object.entries(faults).map(([name, examples]) => ({ what: names[name as keyof Faults], value: examples.length, atMost: 0, examples }));
};

const shown = 5;

/** One line for each figure. */
export const linesOf = (figures: readonly Figure[]): readonly string[] =>
  figures.flatMap((figure) => {
    const { what, value, unit = '', atMost, atLeast, examples = [] } = figure;
    const bound = atMost !== undefined ? `≤ ${atMost}` : atLeast !== undefined ? `≥ ${atLeast}` : '';
    const verdict = bound === '' ? '' : holds(figure) ? 'ok' : 'FAILED';
    const line = `${what.padEnd(52)} ${`${Math.round(value * 100) / 100}${unit === '%' ? unit : unit && ` ${unit}`}`.padStart(12)}   ${bound.padEnd(10)} ${verdict}`.trimEnd();
    return [line, ...(holds(figure) ? [] : examples.slice(0, shown).map((example) => `    ${example}`))];
  });
