/** The time, once a second, as a signal. */
import { DestroyRef, inject, type Signal, signal } from '@angular/core';
import { interval } from 'rxjs';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';

export const injectNow = (): Signal<number> => {
  const now = signal(Date.now());
  interval(1000).pipe(takeUntilDestroyed(inject(DestroyRef))).subscribe(() => { now.set(Date.now()); });
  return now.asReadonly();
};
