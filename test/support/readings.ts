/**
 * Readings for tests.
 */
import { type Either, isRight, right } from 'fp-ts/Either';
import type { Reading, TaskSnapshot } from '../../src/task/snapshot.js';

/** A snapshot as a provider would have read it out of a body. */
export const readingOf = (snapshot: TaskSnapshot, raw: unknown = { status: snapshot.status }): Reading => ({ snapshot, raw });

/** What was read, with the body beside the other fields: as a query hands it on. */
export const withRaw = <Failure>(reading: Either<Failure, Reading>): Either<Failure, TaskSnapshot & { readonly raw: unknown }> =>
  isRight(reading) ? right({ ...reading.right.snapshot, raw: reading.right.raw }) : reading;
