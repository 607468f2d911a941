/** One task: its name, progress, errors and video. */
import { HttpClient } from '@angular/common/http';
import { ChangeDetectionStrategy, Component, computed, inject, input, signal } from '@angular/core';
import { progressAt, type TaskRow } from 'rx-seedance';
import { elapsedMs, isFinished, labelOf, leftText, messageOf, plain, reasonOf, span, standingOf } from './words';

@Component({
  selector: 'app-task-row',
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { '[class]': 'standing()' },
  template: `
    <div class="what">
      <h3><span class="provider">{{ row().task.provider }}</span> <span class="id" [title]="row().task.id">{{ row().task.id }}</span></h3>
      <p class="model">{{ model() }}</p>
    </div>
    <p class="status"><span class="dot" aria-hidden="true"></span>{{ label() }}</p>
    <div class="progress">
      <progress max="100" [value]="percent()" [attr.aria-label]="'Progress of ' + row().task.provider + ' ' + row().task.id" [attr.aria-valuetext]="progressText()"></progress>
      <p class="numbers">
        <span>{{ progressText() }}</span>
        @if (left(); as text) { <span>{{ text }}</span> }
      </p>
    </div>
    <p class="elapsed">{{ elapsed() }}</p>
    @if (standing() === 'queued' && canCancel()) {
      <div class="cancel">
        <button type="button" [disabled]="isCancelling()" [attr.aria-label]="'Cancel ' + row().task.provider + ' ' + row().task.id" (click)="cancel()">Cancel</button>
      </div>
    }
    @if (notice(); as text) { <p class="last-error" role="alert">{{ text }}</p> }
    @if (lastError(); as text) { <p class="last-error">{{ text }}</p> }
    @if (reason(); as text) { <p class="reason">{{ text }}</p> }
    @if (video(); as film) {
      <div class="video">
        <button type="button" [attr.aria-expanded]="isOpen()" [attr.aria-label]="(isOpen() ? 'Close' : 'Play') + ' the video of ' + row().task.provider + ' ' + row().task.id" (click)="isOpen.set(!isOpen())">{{ isOpen() ? 'Close' : 'Play' }}</button>
        @if (expiry(); as text) { <span class="expiry" [class.expired]="isExpired()">{{ text }}</span> }
        @if (isOpen()) {
          @if (isBroken()) { <p class="reason">The video cannot be played: its link has expired or is unreachable.</p> }
          @else { <video [src]="film.url" controls autoplay loop muted playsinline [attr.aria-label]="'The video of ' + row().task.provider + ' ' + row().task.id" (error)="isBroken.set(true)"></video> }
        }
      </div>
    }
  `,
})
export class TaskRowView {
  readonly row = input.required<TaskRow>();
  readonly now = input.required<number>();
  /** Whether the provider cancels queued tasks. */
  readonly canCancel = input(false);
  readonly #http = inject(HttpClient);
  protected readonly isCancelling = signal(false);
  /** Why the task was not cancelled. */
  protected readonly notice = signal<string | null>(null);
  protected readonly isOpen = signal(false);
  protected readonly isBroken = signal(false);

  protected readonly standing = computed(() => standingOf(this.row()));
  protected readonly label = computed(() => labelOf(this.standing()));
  protected readonly model = computed(() => {
    const { snapshot } = this.row();
    const { resolution, durationMs } = snapshot?.settings ?? {};
    return [snapshot?.model, resolution, durationMs == null ? null : span(durationMs)].filter((part) => part != null).join(' · ');
  });
  protected readonly percent = computed(() => Math.floor(progressAt(this.row(), this.now()) * 100 + 1e-12));
  protected readonly progressText = computed(() => {
    if (isFinished(this.row())) return 'finished';
    return `${this.percent()}% ${this.row().estimated ? 'estimated' : 'reported'}`;
  });
  protected readonly left = computed(() => leftText(this.row(), this.now()));
  protected readonly elapsed = computed(() => `${isFinished(this.row()) ? 'took' : 'for'} ${span(elapsedMs(this.row(), this.now()))}`);
  protected readonly lastError = computed(() => {
    const { lastError, nextPollAtMs, error } = this.row();
    if (lastError === null || error !== null) return null;
    const again = nextPollAtMs === null ? '' : nextPollAtMs > this.now() ? `, next in ${span(nextPollAtMs - this.now())}` : ', polling again';
    return `Poll failed: ${plain(lastError.message)}${lastError.sameFailureCount > 1 ? ` (${lastError.sameFailureCount} in a row)` : ''}${again}`;
  });
  protected readonly reason = computed(() => reasonOf(this.row()));
  protected readonly video = computed(() => {
    const { snapshot } = this.row();
    return snapshot?.status === 'succeeded' ? snapshot.video : null;
  });
  readonly #remainingMs = computed(() => {
    const expiresAtMs = this.video()?.expiresAtMs;
    return expiresAtMs == null ? null : expiresAtMs - this.now();
  });
  protected readonly isExpired = computed(() => (this.#remainingMs() ?? 1) <= 0);
  protected readonly expiry = computed(() => {
    const ms = this.#remainingMs();
    if (ms === null) return 'link expiry unknown';
    return ms > 0 ? `link expires in ${span(ms)}` : 'link expired';
  });

  protected cancel(): void {
    const { provider, id } = this.row().task;
    this.isCancelling.set(true);
    this.#http.post<{ readonly outcome: string }>('/cancellations', { task: `${provider}:${id}` }).subscribe({
      next: ({ outcome }) => {
        this.isCancelling.set(false);
        // The feed shows a cancelled task.
        this.notice.set(outcome === 'cancelled' ? null : `Not cancelled: the task ${outcome === 'running' ? 'runs already' : 'has ended'}.`);
      },
      error: (error: unknown) => {
        this.isCancelling.set(false);
        this.notice.set(messageOf(error, 'The task may not be cancelled.'));
      },
    });
  }
}
