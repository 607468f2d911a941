/** What a visitor does with a task, and the notices about it. */
import { Clipboard } from '@angular/cdk/clipboard';
import { inject, Injectable, signal } from '@angular/core';
import { MatDialog } from '@angular/material/dialog';
import { MatSnackBar } from '@angular/material/snack-bar';
import type { Observable } from 'rxjs';
import type { TaskRef, TaskRow } from 'rx-seedance';
import { nameOf, Server } from './server';
import { messageOf } from './words';

@Injectable({ providedIn: 'root' })
export class TaskActions {
  readonly #server = inject(Server);
  readonly #dialog = inject(MatDialog);
  readonly #notices = inject(MatSnackBar);
  readonly #clipboard = inject(Clipboard);
  readonly #busy = signal<ReadonlySet<string>>(new Set());

  /** Whether an action of the task is under way. */
  isBusy(task: TaskRef): boolean {
    return this.#busy().has(nameOf(task));
  }

  canCancel(row: TaskRow): boolean {
    return row.status === 'queued' && row.error === null && this.#server.cancelling().has(row.task.provider);
  }

  /** Opens the details of a task, with its video playing if `play`. */
  async open(task: TaskRef, { play = false } = {}): Promise<void> {
    const { TaskDetails } = await import('./task-details');
    this.#dialog.open(TaskDetails, { data: { task, play }, panelClass: 'side-sheet', position: { right: '0', top: '0' }, height: '100dvh', width: '30rem', maxWidth: '100vw', ariaLabelledBy: 'details-title', autoFocus: 'first-heading' });
  }

  async createVideo(): Promise<void> {
    const { NewVideo } = await import('./new-video');
    this.#dialog.open(NewVideo, { width: '34rem', maxWidth: '100vw', panelClass: 'form-dialog', ariaLabelledBy: 'new-video-title' });
  }

  async addTask(): Promise<void> {
    const { AddTask } = await import('./add-task');
    this.#dialog.open(AddTask, { width: '28rem', maxWidth: '100vw', ariaLabelledBy: 'add-task-title' });
  }

  copy(text: string, what: string): void {
    this.say(this.#clipboard.copy(text) ? `${what} copied` : `${what} could not be copied`);
  }

  cancel({ task }: TaskRow): void {
    this.#run(task, this.#server.cancel(task), 'The task may not be cancelled.', ({ outcome }) => {
      if (outcome === 'cancelled') this.say('Cancelled');
      else this.say(outcome === 'running' ? 'Not cancelled: the task runs already' : 'Not cancelled: the task has ended');
    });
  }

  remove({ task }: TaskRow): void {
    this.#run(task, this.#server.remove(task), 'The task is not removed.', () => {
      this.#notices.open('Removed from the page', 'Undo', { duration: 6000 }).onAction().subscribe(() => {
        this.#run(task, this.#server.add(nameOf(task)), 'The task is not added again.', () => undefined);
      });
    });
  }

  restart(): void {
    this.#server.restart().subscribe({
      next: () => { this.say('Started again'); },
      error: (error: unknown) => { this.say(messageOf(error, 'Try again.')); },
    });
  }

  say(text: string): void {
    this.#notices.open(text, undefined, { duration: 4000 });
  }

  #run<T>(task: TaskRef, action: Observable<T>, otherwise: string, done: (result: T) => void): void {
    const mark = (isBusy: boolean): void => {
      this.#busy.update((busy) => new Set(isBusy ? [...busy, nameOf(task)] : [...busy].filter((name) => name !== nameOf(task))));
    };
    mark(true);
    action.subscribe({
      next: (result) => {
        mark(false);
        done(result);
      },
      error: (error: unknown) => {
        mark(false);
        this.#notices.open(messageOf(error, otherwise), 'Close');
      },
    });
  }
}
