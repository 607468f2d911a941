/**
 * The menu of everything that can be done with a task, for a trigger with `[matMenuTriggerData]="{ row }"`. One menu serves all cards.
 */
import { ChangeDetectionStrategy, Component, inject, input, viewChild } from '@angular/core';
import { MatIcon } from '@angular/material/icon';
import { MatMenu, MatMenuContent, MatMenuItem } from '@angular/material/menu';
import type { TaskRow } from 'rx-seedance';
import { Server } from './server';
import { TaskActions } from './task-actions';
import { videoOf } from './words';

@Component({
  selector: 'app-task-menu',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [MatIcon, MatMenu, MatMenuContent, MatMenuItem],
  template: `
    <mat-menu xPosition="before">
      <ng-template matMenuContent let-row="row">
        @if (hasDetails()) {
          <button mat-menu-item (click)="actions.open(row.task)"><mat-icon svgIcon="details" />Details</button>
          @if (videoOf(row) !== null) { <button mat-menu-item (click)="actions.open(row.task, { play: true })"><mat-icon svgIcon="play" />Play</button> }
        }
        @if (videoOf(row); as video) {
          <a mat-menu-item [href]="download(row)" download><mat-icon svgIcon="download" />Download</a>
          <button mat-menu-item (click)="actions.copy(video.url, 'Link')"><mat-icon svgIcon="link" />Copy link</button>
        }
        <button mat-menu-item (click)="actions.copy(row.task.id, 'ID')"><mat-icon svgIcon="copy" />Copy ID</button>
        @if (actions.canCancel(row)) { <button mat-menu-item [disabled]="actions.isBusy(row.task)" (click)="actions.cancel(row)"><mat-icon svgIcon="cancel" />Cancel</button> }
        <button mat-menu-item [disabled]="actions.isBusy(row.task)" (click)="actions.remove(row)"><mat-icon svgIcon="remove" />Remove</button>
      </ng-template>
    </mat-menu>
  `,
})
export class TaskMenu {
  /** Whether the menu opens the details. */
  readonly hasDetails = input(true);
  readonly panel = viewChild.required(MatMenu);
  readonly #server = inject(Server);
  protected readonly actions = inject(TaskActions);
  protected readonly videoOf = videoOf;

  protected download({ task }: TaskRow): string {
    return `${this.#server.fileOf('video', task)}&download`;
  }
}
