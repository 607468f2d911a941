/** One task in the grid or in the list: its picture, prompt and state. */
import { ChangeDetectionStrategy, Component, computed, inject, input } from '@angular/core';
import { MatButton, MatIconButton, MatMiniFabButton } from '@angular/material/button';
import { MatIcon } from '@angular/material/icon';
import { type MatMenu, MatMenuTrigger } from '@angular/material/menu';
import type { TaskRow } from 'rx-seedance';
import { Server } from './server';
import { TaskActions } from './task-actions';
import { Thumbnail } from './thumbnail';
import { ago, createdAtMs, elapsedMs, expiryText, leftText, lookOf, reasonOf, span, standingOf, videoOf } from './words';

@Component({
  selector: 'app-task-card',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [MatButton, MatIcon, MatIconButton, MatMenuTrigger, MatMiniFabButton, Thumbnail],
  host: { '[class]': 'look().group', '[attr.data-status]': 'standing()' },
  templateUrl: './task-card.html',
  styleUrl: './task-card.scss',
})
export class TaskCard {
  readonly row = input.required<TaskRow>();
  readonly menu = input.required<MatMenu>();
  readonly #server = inject(Server);
  protected readonly actions = inject(TaskActions);

  protected readonly standing = computed(() => standingOf(this.row()));
  protected readonly look = computed(() => lookOf(this.row()));
  protected readonly name = computed(() => `${this.row().task.provider} ${this.row().task.id}`);
  protected readonly title = computed(() => this.#server.promptOf(this.row()) ?? this.row().task.id);
  protected readonly hasVideo = computed(() => videoOf(this.row()) !== null);

  protected readonly facts = computed(() => {
    const { task, snapshot } = this.row();
    return [task.provider, snapshot?.settings.resolution, ago(this.#server.now() - createdAtMs(this.row()))].filter((fact) => fact != null).join(' · ');
  });

  /** What needs attention: a failed poll, or a link that expires soon. */
  protected readonly notice = computed(() => {
    const { lastError, nextPollAtMs, error } = this.row();
    if (lastError === null || error !== null) return expiryText(this.row(), this.#server.now());
    const ms = (nextPollAtMs ?? 0) - this.#server.now();
    return ms > 0 ? `Retrying in ${span(ms)}` : 'Retrying';
  });

  /** What the task is doing, or why it has no video. */
  protected readonly state = computed(() => {
    const [row, now] = [this.row(), this.#server.now()];
    switch (this.standing()) {
      case 'waiting':
        return 'Waiting for the first poll';
      case 'queued':
        return `Queued for ${span(elapsedMs(row, now))}`;
      case 'running':
        return leftText(row, now) ?? `Running for ${span(elapsedMs(row, now))}`;
      case 'succeeded':
        return reasonOf(row)?.long ?? `Done in ${span(elapsedMs(row, now))}`;
      default:
        return reasonOf(row)?.short ?? this.look().label;
    }
  });
}
