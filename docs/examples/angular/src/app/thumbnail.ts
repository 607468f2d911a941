/** The picture of a task: the last frame of its video, else the first frame, else what it is doing. */
import { ChangeDetectionStrategy, Component, computed, inject, input, linkedSignal } from '@angular/core';
import { MatIcon } from '@angular/material/icon';
import { MatProgressBar } from '@angular/material/progress-bar';
import { progressAt, type TaskRow } from 'rx-seedance';
import { nameOf, Server } from './server';
import { lookOf, percentOf, playTime, standingOf, videoOf } from './words';

@Component({
  selector: 'app-thumbnail',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [MatIcon, MatProgressBar],
  host: { '[class]': 'look().group', '[class.running]': 'standing() === "running"' },
  template: `
    @switch (picture()) {
      @case ('frame') { <img [src]="frame()" alt="" loading="lazy" (error)="picture.set('video')"> }
      @case ('video') { <video [src]="film()" preload="metadata" muted playsinline tabindex="-1" aria-hidden="true" (error)="picture.set('none')"></video> }
      @default {
        @if (isRunning()) { <span class="percent">{{ percent() }}%</span> }
        @else { <mat-icon [svgIcon]="look().icon" aria-hidden="true" /> }
      }
    }
    @if (playTime(); as text) { <span class="play-time">{{ text }}</span> }
    @if (isRunning()) { <mat-progress-bar [value]="percent()" [attr.aria-label]="'Progress of ' + name()" /> }
  `,
  styles: `
    :host { position: relative; display: grid; place-items: center; aspect-ratio: 16 / 9; overflow: hidden; border-radius: inherit; background: var(--mat-sys-surface-container-high); color: var(--mat-sys-on-surface-variant); }
    :host(.failed) { color: var(--mat-sys-error); }
    :host(.running) { color: var(--mat-sys-primary); background: linear-gradient(100deg, var(--mat-sys-surface-container-high) 30%, var(--mat-sys-surface-container-lowest) 50%, var(--mat-sys-surface-container-high) 70%) 0 0 / 300% 100%; animation: shimmer 2.4s linear infinite; }
    img, video { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: cover; }
    mat-icon { width: 2rem; height: 2rem; }
    .percent { font: var(--mat-sys-headline-small); font-variant-numeric: tabular-nums; }
    .play-time { position: absolute; right: .4rem; bottom: .4rem; padding: 0 .3rem; border-radius: .25rem; font: var(--mat-sys-label-small); font-variant-numeric: tabular-nums; color: #fff; background: rgb(0 0 0 / .7); }
    mat-progress-bar { position: absolute; inset: auto 0 0; --mat-progress-bar-track-height: 5px; --mat-progress-bar-active-indicator-height: 5px; --mat-progress-bar-track-shape: 0; }
    @keyframes shimmer { from { background-position: 100% 0; } to { background-position: 0 0; } }
    @media (prefers-reduced-motion: reduce) { :host(.running) { animation: none; } }
  `,
})
export class Thumbnail {
  readonly row = input.required<TaskRow>();
  readonly #server = inject(Server);

  protected readonly standing = computed(() => standingOf(this.row()));
  protected readonly look = computed(() => lookOf(this.row()));
  protected readonly name = computed(() => `${this.row().task.provider} ${this.row().task.id}`);
  readonly #video = computed(() => videoOf(this.row()));
  readonly #task = computed(() => this.row().task, { equal: (one, other) => nameOf(one) === nameOf(other) });
  protected readonly frame = computed(() => this.#server.fileOf('frame', this.#task()));
  // A time in the fragment makes Safari show the first frame.
  protected readonly film = computed(() => `${this.#server.fileOf('video', this.#task())}#t=0.001`);
  /** What is shown; the next choice after one that cannot be loaded. */
  protected readonly picture = linkedSignal<'frame' | 'video' | 'none'>(() => (this.#video() === null ? 'none' : this.#video()?.lastFrameUrl == null ? 'video' : 'frame'));

  protected readonly isRunning = computed(() => this.standing() === 'running');
  protected readonly percent = computed(() => percentOf(progressAt(this.row(), this.#server.now())));
  protected readonly playTime = computed(() => {
    const ms = this.row().snapshot?.settings.durationMs;
    return ms == null ? null : playTime(ms);
  });
}
