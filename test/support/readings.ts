/**
 * Readings for tests.
 */
import { type Either, isRight, right } from 'fp-ts/Either';
import type { Reading, TaskSnapshot } from '../../src/task/snapshot.js';

/** A snapshot and its body, as a provider reads them. */
export const readingOf = (snapshot: TaskSnapshot, raw: unknown = { status: snapshot.status }): Reading => ({ snapshot, raw });

/** The snapshot with the body in `raw`, as a query emits it. */
export const withRaw = <Failure>(reading: Either<Failure, Reading>): Either<Failure, TaskSnapshot & { readonly raw: unknown }> =>
  isRight(reading) ? right({ ...reading.right.snapshot, raw: reading.right.raw }) : reading;
