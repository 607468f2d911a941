/** Everything about one task: its video, settings, events and the provider's own words. */
import { JsonPipe } from '@angular/common';
import { ChangeDetectionStrategy, Component, computed, effect, inject, signal } from '@angular/core';
import { toObservable, toSignal } from '@angular/core/rxjs-interop';
import { MatButton, MatIconButton } from '@angular/material/button';
import { MAT_DIALOG_DATA, MatDialogClose, MatDialogContent, MatDialogRef } from '@angular/material/dialog';
import { MatIcon } from '@angular/material/icon';
import { MatMenuTrigger } from '@angular/material/menu';
import { MatProgressBar } from '@angular/material/progress-bar';
import { catchError, EMPTY, switchMap, throttleTime, asyncScheduler } from 'rxjs';
import { progressAt, type TaskRef, type TaskRow } from 'rx-seedance';
import { type HistoryEntry, nameOf, Server } from './server';
import { TaskActions } from './task-actions';
import { TaskMenu } from './task-menu';
import { createdAtMs, elapsedMs, leftText, lookOf, percentOf, reasonOf, retryText, span, standingOf, videoOf } from './words';

export interface TaskDetailsData {
  readonly task: TaskRef;
  /** Whether the video begins to play. */
  readonly play: boolean;
}

@Component({
  selector: 'app-task-details',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [JsonPipe, MatButton, MatDialogClose, MatDialogContent, MatIcon, MatIconButton, MatMenuTrigger, MatProgressBar, TaskMenu],
  host: { '[class]': 'look()?.group' },
  templateUrl: './task-details.html',
  styleUrl: './task-details.scss',
})
export class TaskDetails {
  protected readonly data = inject<TaskDetailsData>(MAT_DIALOG_DATA);
  readonly #dialog = inject(MatDialogRef);
  readonly #server = inject(Server);
  protected readonly actions = inject(TaskActions);

  /** The row; the details close when it is removed. */
  protected readonly row = computed(() => this.#server.rows().find(({ task }) => nameOf(task) === nameOf(this.data.task)));
  protected readonly look = computed(() => { const row = this.row(); return row === undefined ? undefined : lookOf(row); });
  protected readonly title = computed(() => { const row = this.row(); return row === undefined ? '' : (this.#server.promptOf(row) ?? `${row.task.provider} ${row.task.id}`); });
  protected readonly isBroken = signal(false);

  protected readonly video = computed(() => { const row = this.row(); return row === undefined ? null : videoOf(row); });
  protected readonly film = this.#server.fileOf('video', this.data.task);
  protected readonly poster = computed(() => (this.video()?.lastFrameUrl == null ? null : this.#server.fileOf('frame', this.data.task)));
  protected readonly hasVideo = computed(() => this.video() !== null);

  protected readonly state = computed(() => {
    const [row, now] = [this.row(), this.#server.now()];
    if (row === undefined) return null;
    const isRunning = standingOf(row) === 'running';
    return {
      label: lookOf(row).label,
      icon: lookOf(row).icon,
      percent: isRunning ? percentOf(progressAt(row, now)) : null,
      progressKind: row.estimated ? 'estimated' : 'reported by the provider',
      left: leftText(row, now),
      reason: reasonOf(row)?.long ?? null,
      retry: retryText(row, now),
    };
  });

  /** Facts that are known, as name and value. */
  protected readonly facts = computed(() => {
    const [row, now] = [this.row(), this.#server.now()];
    return row === undefined ? [] : factsOf(row, now).filter(isKnown);
  });

  protected readonly words = computed(() => {
    const row = this.row();
    return row === undefined ? [] : wordsOf(row).filter(isKnown);
  });

  protected readonly history = toSignal(
    toObservable(this.row).pipe(
      throttleTime(500, asyncScheduler, { leading: true, trailing: true }),
      switchMap(() => this.#server.history(this.data.task).pipe(catchError(() => EMPTY))),
    ),
    { initialValue: [] as readonly HistoryEntry[] },
  );
  protected readonly steps = computed(() => this.history().map((entry) => ({ ...entry, time: new Date(entry.atMs).toLocaleTimeString() })).toReversed());

  constructor() {
    effect(() => {
      if (this.row() === undefined) this.#dialog.close();
    });
  }
}

type Fact = readonly [name: string, value: string | null | undefined];

const isKnown = (fact: Fact): fact is readonly [string, string] => fact[1] != null;

const factsOf = (row: TaskRow, nowMs: number): readonly Fact[] => {
  const { snapshot, task } = row;
  const settings = snapshot?.settings;
  const usage = snapshot?.usage;
  const expiresAtMs = videoOf(row)?.expiresAtMs;
  const number = (value: number | null | undefined): string | null => (value == null ? null : value.toLocaleString());
  return [
    ['Provider', task.provider],
    ['ID', task.id],
    ['Model', snapshot?.model],
    ['Resolution', settings?.resolution],
    ['Aspect ratio', settings?.ratio],
    ['Length', settings?.durationMs == null ? null : span(settings.durationMs)],
    ['Frame rate', settings?.framesPerSecond == null ? null : `${settings.framesPerSecond} fps`],
    ['Sound', settings?.hasAudio == null ? null : settings.hasAudio ? 'yes' : 'no'],
    ['Seed', settings?.seed == null ? null : String(settings.seed)],
    ['Service tier', settings?.serviceTier],
    ['Tokens billed', number(usage?.billedTokens)],
    ['Created', new Date(createdAtMs(row)).toLocaleString()],
    [row.endedAtMs === null ? 'Running for' : 'Took', span(elapsedMs(row, nowMs))],
    ['Link expires', expiresAtMs == null ? null : expiresAtMs > nowMs ? `in ${span(expiresAtMs - nowMs)}` : 'expired'],
  ];
};

/** What the provider says in its own words. */
const wordsOf = ({ snapshot }: TaskRow): readonly Fact[] => [
  ['Status', snapshot?.providerStatus],
  ['Inner status', snapshot?.upstream?.status],
  ['Error code', snapshot?.status === 'failed' ? snapshot.failure.code : null],
  ['Error message', snapshot?.status === 'failed' ? snapshot.failure.message : null],
  ['Notice', snapshot?.notice],
  ['Request ID', snapshot?.requestId],
];
