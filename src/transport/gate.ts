/**
 * Lets so many questions through at once; the others stand in line. Unsubscribing leaves the line.
 */
import type { Observable } from 'rxjs';
import { checkCount } from '../checks.js';
import { createLine } from './line.js';

/** Wraps one question, and decides when it leaves. */
export type Gate = <T>(question: Observable<T>) => Observable<T>;

/** The gate that lets everyone through at once. */
export const openGate: Gate = (question) => question;

/**
 * A gate with `width` places, shared by all that pass through it. First come, first served.
 *
 *     width 1     question      --(a|)
 *     first       ^             --(a|)
 *     second      ^             ----(a|)     leaves when the first has ended
 *
 * Errors: those of the question. `RangeError` for a width that is no whole number from 1.
 */
export const createGate = (width: number): Gate => {
  checkCount('concurrency', width);
  const line = createLine(width);
  return (question) => line(question, 0);
};
