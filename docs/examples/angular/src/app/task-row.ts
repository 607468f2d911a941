/** One task: what it is, how far it has come, what is the matter with it, and its video. */
import { ChangeDetectionStrategy, Component, computed, input, signal } from '@angular/core';
import type { TaskRow } from 'rx-seedance';
import { elapsedMs, isOver, leftMs, plain, reasonOf, span, standingOf } from './words';

@Component({
  selector: 'app-task-row',
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { '[class]': 'standing()' },
  template: `
    <div class="what">
      <h3><span class="provider">{{ row().task.provider }}</span> <span class="id" [title]="row().task.id">{{ row().task.id }}</span></h3>
      <p class="model">{{ model() }}</p>
    </div>
    <p class="status"><span class="dot" aria-hidden="true"></span>{{ standing() }}</p>
    <div class="progress">
      <progress max="100" [value]="percent()" [attr.aria-label]="'Progress of ' + row().task.provider + ' ' + row().task.id" [attr.aria-valuetext]="progressText()"></progress>
      <p class="numbers">
        <span>{{ progressText() }}</span>
        @if (left(); as text) { <span>{{ text }}</span> }
      </p>
    </div>
    <p class="elapsed">{{ elapsed() }}</p>
    @if (lastError(); as text) { <p class="last-error">{{ text }}</p> }
    @if (reason(); as text) { <p class="reason">{{ text }}</p> }
    @if (video(); as film) {
      <div class="video">
        <button type="button" [attr.aria-expanded]="isOpen()" [attr.aria-label]="(isOpen() ? 'Close' : 'Play') + ' the video of ' + row().task.provider + ' ' + row().task.id" (click)="isOpen.set(!isOpen())">{{ isOpen() ? 'Close' : 'Play' }}</button>
        @if (expiry(); as text) { <span class="expiry" [class.dead]="isDead()">{{ text }}</span> }
        @if (isOpen()) {
          @if (isBroken()) { <p class="reason">The video cannot be played: its link is dead, or out of reach.</p> }
          @else { <video [src]="film.url" controls autoplay loop muted playsinline [attr.aria-label]="'The video of ' + row().task.provider + ' ' + row().task.id" (error)="isBroken.set(true)"></video> }
        }
      </div>
    }
  `,
})
export class TaskRowView {
  readonly row = input.required<TaskRow>();
  readonly now = input.required<number>();
  protected readonly isOpen = signal(false);
  protected readonly isBroken = signal(false);

  protected readonly standing = computed(() => standingOf(this.row()));
  protected readonly model = computed(() => {
    const { snapshot } = this.row();
    const { resolution, durationMs } = snapshot?.settings ?? {};
    return [snapshot?.model, resolution, durationMs == null ? null : span(durationMs)].filter((part) => part != null).join(' · ');
  });
  protected readonly percent = computed(() => Math.round(this.row().progress * 100));
  protected readonly progressText = computed(() => {
    if (isOver(this.row())) return 'over';
    return `${this.percent()} % ${this.row().estimated ? 'estimated' : 'reported'}`;
  });
  protected readonly left = computed(() => {
    const ms = leftMs(this.row(), this.now());
    return ms === null ? null : `about ${span(ms)} left`;
  });
  protected readonly elapsed = computed(() => {
    const ms = elapsedMs(this.row(), this.now());
    return ms === null ? '' : `${isOver(this.row()) ? 'took' : 'for'} ${span(ms)}`;
  });
  protected readonly lastError = computed(() => {
    const { lastError, nextPollAtMs, error } = this.row();
    if (lastError === null || error !== null) return null;
    const again = nextPollAtMs === null ? '' : nextPollAtMs > this.now() ? `; polled again in ${span(nextPollAtMs - this.now())}` : '; being polled again';
    return `No good response: ${plain(lastError.message)}${lastError.sameFailureCount > 1 ? ` (${lastError.sameFailureCount} in a row)` : ''}${again}`;
  });
  protected readonly reason = computed(() => reasonOf(this.row()));
  protected readonly video = computed(() => {
    const { snapshot } = this.row();
    return snapshot?.status === 'succeeded' ? snapshot.video : null;
  });
  readonly #lifeMs = computed(() => {
    const expiresAtMs = this.video()?.expiresAtMs;
    return expiresAtMs == null ? null : expiresAtMs - this.now();
  });
  protected readonly isDead = computed(() => (this.#lifeMs() ?? 1) <= 0);
  protected readonly expiry = computed(() => {
    const ms = this.#lifeMs();
    if (ms === null) return 'nobody says until when its link is good';
    return ms > 0 ? `the link is good for ${span(ms)}` : 'the link has expired';
  });
}
