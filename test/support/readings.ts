/**
 * Readings for tests: as the snapshot with the body in it, which users are handed, and back.
 */
import { type Either, isRight, right } from 'fp-ts/Either';
import { type Reading, type TaskSnapshot, withoutRaw, withRaw } from '../../src/task/snapshot.js';

/** A snapshot as a provider would have read it. */
export const readingOf = (snapshot: TaskSnapshot): Reading => ({ snapshot: withoutRaw(snapshot), raw: snapshot.raw });

/** What was read, as one snapshot. */
export const handedOn = <Failure>(reading: Either<Failure, Reading>): Either<Failure, TaskSnapshot> =>
  isRight(reading) ? right(withRaw(reading.right.snapshot, reading.right.raw)) : reading;
