/** The whole page: the progress of all tasks, search and filters, the cards, and what stands in their place when there are none. */
import { ChangeDetectionStrategy, Component, computed, effect, inject, signal } from '@angular/core';
import { MatButton, MatIconButton } from '@angular/material/button';
import { MatButtonToggle, MatButtonToggleGroup } from '@angular/material/button-toggle';
import { MatChipListbox, MatChipOption } from '@angular/material/chips';
import { MatFormField, MatPrefix } from '@angular/material/form-field';
import { MatIcon } from '@angular/material/icon';
import { MatInput } from '@angular/material/input';
import { MatMenu, MatMenuItem, MatMenuTrigger } from '@angular/material/menu';
import { MatProgressBar } from '@angular/material/progress-bar';
import { MatSelect, MatOption } from '@angular/material/select';
import { MatTooltip } from '@angular/material/tooltip';
import { Title } from '@angular/platform-browser';
import { progressAt, remainingMs, type TaskRow } from 'rx-seedance';
import { Server } from './server';
import { TaskActions } from './task-actions';
import { type Layout, TaskGrid } from './task-grid';
import { createdAtMs, type Group, groups, isActive, lookOf, percentOf, roughly } from './words';

const labels: Readonly<Record<Group, string>> = { active: 'Active', succeeded: 'Succeeded', failed: 'Failed', cancelled: 'Cancelled' };

/** Where the browser keeps the choice of grid or list. */
const layoutKey = 'layout';

@Component({
  selector: 'app-root',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [
    MatButton, MatButtonToggle, MatButtonToggleGroup, MatChipListbox, MatChipOption, MatFormField, MatIcon, MatIconButton, MatInput, MatMenu, MatMenuItem, MatMenuTrigger, MatOption, MatPrefix,
    MatProgressBar, MatSelect, MatTooltip, TaskGrid,
  ],
  templateUrl: './app.html',
  styleUrl: './app.scss',
})
export class App {
  protected readonly server = inject(Server);
  protected readonly actions = inject(TaskActions);
  protected readonly labels = labels;

  protected readonly finished = computed(() => this.server.rows().filter((row) => !isActive(row)).length);
  protected readonly percent = computed(() => {
    const [rows, now] = [this.server.rows(), this.server.now()];
    return percentOf(rows.reduce((sum, row) => sum + progressAt(row, now), 0) / Math.max(1, rows.length));
  });
  /** When all tasks have ended; null while that is unknown of any running task. */
  protected readonly left = computed(() => {
    const now = this.server.now();
    const active = this.server.rows().filter(isActive).map((row) => remainingMs(row, now)?.maxMs);
    const known = active.filter((ms) => ms !== undefined);
    return known.length === 0 || known.length < active.length ? null : `up to ${roughly(Math.max(...known))} left`;
  });

  /** What is shown. */
  protected readonly search = signal('');
  protected readonly group = signal<Group | 'all'>('all');
  protected readonly provider = signal('all');
  protected readonly layout = signal<Layout>(localStorage.getItem(layoutKey) === 'list' ? 'list' : 'grid');

  protected readonly providers = computed(() => [...new Set(this.server.rows().map(({ task }) => task.provider))].toSorted());
  readonly #found = computed(() => {
    const [text, provider] = [this.search().trim().toLowerCase(), this.provider()];
    return this.server.rows().filter((row) =>
      (provider === 'all' || row.task.provider === provider) &&
      (text === '' || `${row.task.provider}:${row.task.id} ${this.server.promptOf(row) ?? ''}`.toLowerCase().includes(text)));
  });
  /** The number of found tasks of each group. */
  protected readonly counts = computed(() => {
    const counts = new Map<Group, number>(groups.map((group) => [group, 0]));
    for (const row of this.#found()) counts.set(lookOf(row).group, (counts.get(lookOf(row).group) ?? 0) + 1);
    return [...counts].filter(([group, count]) => count > 0 || group === this.group());
  });
  protected readonly total = computed(() => this.#found().length);
  /** Active tasks first, and then the newest first. */
  protected readonly shown = computed(() => {
    const group = this.group();
    return this.#found().filter((row) => group === 'all' || lookOf(row).group === group).toSorted((one, other) => rank(one) - rank(other));
  });

  /** The latest end, for screen readers. */
  protected readonly news = computed(() => {
    const row = this.server.latest();
    return row === null || isActive(row) ? '' : `${this.server.promptOf(row) ?? row.task.id}: ${lookOf(row).label}`;
  });

  constructor() {
    const title = inject(Title);
    effect(() => {
      const [finished, count] = [this.finished(), this.server.rows().length];
      title.setTitle(count === 0 ? 'Videos' : `${finished}/${count} Videos`);
    });
    effect(() => { localStorage.setItem(layoutKey, this.layout()); });
  }

  protected clear(): void {
    this.search.set('');
    this.group.set('all');
    this.provider.set('all');
  }

  protected reload(): void {
    location.reload();
  }
}

/** No instant is as large as this. */
const oneGroup = 1e14;

const rank = (row: TaskRow): number => (isActive(row) ? 0 : oneGroup) - (row.endedAtMs ?? createdAtMs(row));
