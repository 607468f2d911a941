/** The whole page: how far all tasks have come, one row for each, and a way to add one. */
import { HttpClient } from '@angular/common/http';
import { ChangeDetectionStrategy, Component, computed, inject, signal } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { retry } from 'rxjs';
import { progressAt } from 'rx-seedance';
import { feedSignals } from 'rx-seedance/angular';
import { fromServerSentEvents } from 'rx-seedance/sse';
import { CreateForm, type Offer } from './create-form';
import { injectNow } from './now';
import { TaskRowView } from './task-row';
import { isFinished, labelOf, messageOf, type Standing, standingOf, standings } from './words';

@Component({
  selector: 'app-root',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [CreateForm, TaskRowView],
  templateUrl: './app.html',
})
export class App {
  readonly #http = inject(HttpClient);
  readonly #connection = signal<'open' | 'waiting'>('waiting');
  readonly #feed = feedSignals(fromServerSentEvents('/feed', { onConnection: (state) => { this.#connection.set(state); } }));
  protected readonly labelOf = labelOf;
  protected readonly now = injectNow();
  protected readonly isConnected = computed(() => this.#connection() === 'open');
  protected readonly error = computed(() => {
    const error = this.#feed.error();
    return error === null ? null : error instanceof Error ? error.message : String(error);
  });

  protected readonly tasks = this.#feed.tasks;
  protected readonly percent = computed(() => {
    const [rows, now] = [this.tasks(), this.now()];
    return Math.floor((rows.reduce((sum, row) => sum + progressAt(row, now), 0) / Math.max(1, rows.length)) * 100 + 1e-12);
  });
  protected readonly estimated = this.#feed.estimated;
  protected readonly finished = computed(() => this.tasks().filter(isFinished).length);

  /** The standing that is shown; null for all. */
  protected readonly filter = signal<Standing | null>(null);
  /** The number of tasks of each standing that occurs or is selected. */
  protected readonly counts = computed(() => {
    const counts = new Map<Standing, number>(standings.map((standing) => [standing, 0]));
    for (const row of this.tasks()) counts.set(standingOf(row), (counts.get(standingOf(row)) ?? 0) + 1);
    return [...counts].filter(([standing, count]) => count > 0 || standing === this.filter());
  });
  protected readonly shown = computed(() => {
    const filter = this.filter();
    return filter === null ? this.tasks() : this.tasks().filter((row) => standingOf(row) === filter);
  });

  /** The latest event, for screen readers. */
  protected readonly news = computed(() => {
    const row = this.#feed.feed().changed;
    return row !== null && isFinished(row) ? `${row.task.provider} ${row.task.id}: ${labelOf(standingOf(row))}` : '';
  });

  protected readonly offers = signal<readonly Offer[]>([]);
  /** The providers that cancel queued tasks. */
  protected readonly cancelling = computed(() => new Set(this.offers().flatMap(({ provider, cancels }) => (cancels ? [provider] : []))));

  constructor() {
    this.#http.get<readonly Offer[]>('/offers').pipe(retry({ delay: 1000 }), takeUntilDestroyed()).subscribe((offers) => { this.offers.set(offers); });
  }

  protected readonly formError = signal<string | null>(null);
  protected readonly isAdding = signal(false);

  protected add(event: Event, field: HTMLInputElement): void {
    event.preventDefault();
    const task = field.value.trim();
    if (!/^[^:\s]+:\S+$/.test(task)) {
      this.formError.set('Enter a task as provider:id, such as ark:cgt-20260301101500-abcde.');
      field.focus();
      return;
    }
    this.isAdding.set(true);
    this.#http.post('/tasks', { task }).subscribe({
      next: () => {
        this.formError.set(null);
        this.isAdding.set(false);
        field.value = '';
      },
      error: (error: unknown) => {
        this.formError.set(messageOf(error, 'The task was not added.'));
        this.isAdding.set(false);
        field.focus();
      },
    });
  }
}
