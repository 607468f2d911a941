/** The whole page: how far all tasks have come, one row for each, and a way to add one. */
import { HttpClient, HttpErrorResponse } from '@angular/common/http';
import { ChangeDetectionStrategy, Component, computed, inject, signal } from '@angular/core';
import { feedSignals } from 'rx-seedance/angular';
import { fromServerSentEvents } from 'rx-seedance/sse';
import { injectNow } from './now';
import { TaskRowView } from './task-row';
import { isOver, type Standing, standingOf, standings } from './words';

@Component({
  selector: 'app-root',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [TaskRowView],
  templateUrl: './app.html',
})
export class App {
  readonly #http = inject(HttpClient);
  readonly #connection = signal<'open' | 'waiting'>('waiting');
  readonly #feed = feedSignals(fromServerSentEvents('/feed', { onConnection: (state) => { this.#connection.set(state); } }));
  protected readonly now = injectNow();
  protected readonly isConnected = computed(() => this.#connection() === 'open');
  protected readonly error = computed(() => {
    const error = this.#feed.error();
    return error === null ? null : error instanceof Error ? error.message : String(error);
  });

  protected readonly tasks = this.#feed.tasks;
  protected readonly percent = computed(() => Math.floor(this.#feed.progress() * 100 + 1e-12));
  protected readonly estimated = this.#feed.estimated;
  protected readonly over = computed(() => this.tasks().filter(isOver).length);

  /** What is shown; null: everything. */
  protected readonly filter = signal<Standing | null>(null);
  /** How many tasks there are of each standing that is there, or that is being looked at. */
  protected readonly counts = computed(() => {
    const counts = new Map<Standing, number>(standings.map((standing) => [standing, 0]));
    for (const row of this.tasks()) counts.set(standingOf(row), (counts.get(standingOf(row)) ?? 0) + 1);
    return [...counts].filter(([standing, count]) => count > 0 || standing === this.filter());
  });
  protected readonly shown = computed(() => {
    const filter = this.filter();
    return filter === null ? this.tasks() : this.tasks().filter((row) => standingOf(row) === filter);
  });

  /** What has just happened, for those who hear the page. */
  protected readonly news = computed(() => {
    const row = this.#feed.feed().changed;
    return row !== null && isOver(row) ? `${row.task.provider} ${row.task.id}: ${standingOf(row)}` : '';
  });

  protected readonly complaint = signal<string | null>(null);
  protected readonly isAdding = signal(false);

  protected add(event: Event, field: HTMLInputElement): void {
    event.preventDefault();
    const task = field.value.trim();
    if (!/^[^:\s]+:\S+$/.test(task)) {
      this.complaint.set('A task is written provider:id, such as ark:cgt-20260301101500-abcde.');
      field.focus();
      return;
    }
    this.isAdding.set(true);
    this.#http.post('/tasks', { task }).subscribe({
      next: () => {
        this.complaint.set(null);
        this.isAdding.set(false);
        field.value = '';
      },
      error: (error: unknown) => {
        this.complaint.set(refusalOf(error));
        this.isAdding.set(false);
        field.focus();
      },
    });
  }
}

const refusalOf = (error: unknown): string => {
  const body: unknown = error instanceof HttpErrorResponse ? error.error : null;
  if (typeof body === 'object' && body !== null && 'error' in body) return String(body.error);
  return 'The server cannot be reached. The task was not added.';
};
