/** The menu of everything that can be done with a task. */
import { ChangeDetectionStrategy, Component, computed, inject, input } from '@angular/core';
import { MatIconButton } from '@angular/material/button';
import { MatIcon } from '@angular/material/icon';
import { MatMenu, MatMenuContent, MatMenuItem, MatMenuTrigger } from '@angular/material/menu';
import type { TaskRow } from 'rx-seedance';
import { Server } from './server';
import { TaskActions } from './task-actions';

@Component({
  selector: 'app-task-menu',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [MatIcon, MatIconButton, MatMenu, MatMenuContent, MatMenuItem, MatMenuTrigger],
  template: `
    <button matIconButton [matMenuTriggerFor]="menu" [attr.aria-label]="'Actions for ' + row().task.provider + ' ' + row().task.id"><mat-icon svgIcon="more" /></button>
    <mat-menu #menu="matMenu" xPosition="before">
      <ng-template matMenuContent>
        @if (hasDetails()) {
          <button mat-menu-item (click)="actions.open(row().task)"><mat-icon svgIcon="details" />Details</button>
          @if (video() !== null) { <button mat-menu-item (click)="actions.open(row().task, { play: true })"><mat-icon svgIcon="play" />Play</button> }
        }
        @if (video(); as video) {
          <a mat-menu-item [href]="download()" download><mat-icon svgIcon="download" />Download</a>
          <button mat-menu-item (click)="actions.copy(video.url, 'Link')"><mat-icon svgIcon="link" />Copy link</button>
        }
        <button mat-menu-item (click)="actions.copy(row().task.id, 'ID')"><mat-icon svgIcon="copy" />Copy ID</button>
        @if (actions.canCancel(row())) { <button mat-menu-item [disabled]="actions.isBusy(row().task)" (click)="actions.cancel(row())"><mat-icon svgIcon="cancel" />Cancel</button> }
        <button mat-menu-item [disabled]="actions.isBusy(row().task)" (click)="actions.remove(row())"><mat-icon svgIcon="remove" />Remove</button>
      </ng-template>
    </mat-menu>
  `,
})
export class TaskMenu {
  readonly row = input.required<TaskRow>();
  /** Whether the menu opens the details. */
  readonly hasDetails = input(true);
  readonly #server = inject(Server);
  protected readonly actions = inject(TaskActions);
  protected readonly video = computed(() => {
    const { snapshot } = this.row();
    return snapshot?.status === 'succeeded' ? snapshot.video : null;
  });
  protected readonly download = computed(() => `${this.#server.fileOf('video', this.row().task)}&download`);
}
