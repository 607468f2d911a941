/**
 * The server's time as a signal, updated once a second. The feed's instants are by that clock: the page's clock may be wrong, and a
 * simulator's time runs faster.
 */
import { HttpClient } from '@angular/common/http';
import { inject, type Signal, signal } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { interval, map, retry, startWith, switchMap } from 'rxjs';

interface Time {
  readonly nowMs: number;
  /** The speed of the clock; 1 is real time. */
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
