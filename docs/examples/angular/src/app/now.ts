/**
 * The server's time, once a second, as a signal. The instants of the feed are by that clock: the page's own may be wrong, and behind a
 * simulator time runs faster.
 */
import { HttpClient } from '@angular/common/http';
import { inject, type Signal, signal } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { interval, map, retry, startWith, switchMap } from 'rxjs';

interface Time {
  readonly nowMs: number;
  /** How many times as fast as real time. */
  readonly speed: number;
}

export const injectNow = (): Signal<number> => {
  const now = signal(Date.now());
  inject(HttpClient).get<Time>('/time').pipe(
    retry({ delay: 1000 }),
    switchMap(({ nowMs, speed }) => {
      const sinceMs = performance.now();
      return interval(1000).pipe(startWith(null), map(() => nowMs + (performance.now() - sinceMs) * speed));
    }),
    takeUntilDestroyed(),
  ).subscribe((ms) => { now.set(ms); });
  return now.asReadonly();
};
