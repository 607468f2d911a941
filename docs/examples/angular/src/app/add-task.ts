/** Adds a task that was created elsewhere. */
import { ChangeDetectionStrategy, Component, inject, signal } from '@angular/core';
import { FormControl, FormGroup, ReactiveFormsModule, Validators } from '@angular/forms';
import { MatButton } from '@angular/material/button';
import { MatDialogActions, MatDialogClose, MatDialogContent, MatDialogRef, MatDialogTitle } from '@angular/material/dialog';
import { MatError, MatFormField, MatHint, MatLabel } from '@angular/material/form-field';
import { MatInput } from '@angular/material/input';
import { Server } from './server';
import { TaskActions } from './task-actions';
import { messageOf } from './words';

@Component({
  selector: 'app-add-task',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [MatButton, MatDialogActions, MatDialogClose, MatDialogContent, MatDialogTitle, MatError, MatFormField, MatHint, MatInput, MatLabel, ReactiveFormsModule],
  template: `
    <h2 mat-dialog-title id="add-task-title">Add a task</h2>
    <form [formGroup]="form" (ngSubmit)="add()">
      <mat-dialog-content>
        <mat-form-field>
          <mat-label>Task</mat-label>
          <input matInput formControlName="task" placeholder="ark:cgt-20260301101500-abcde" autocomplete="off" autocapitalize="off" spellcheck="false" cdkFocusInitial>
          <mat-hint>The provider and the ID: provider:id</mat-hint>
          <mat-error>Enter a task as provider:id, such as ark:cgt-20260301101500-abcde.</mat-error>
        </mat-form-field>
        @if (error(); as text) { <p role="alert">{{ text }}</p> }
      </mat-dialog-content>
      <mat-dialog-actions align="end">
        <button matButton type="button" mat-dialog-close>Close</button>
        <button matButton="filled" type="submit" [disabled]="isAdding()">Add</button>
      </mat-dialog-actions>
    </form>
  `,
  styles: `
    mat-dialog-content.mat-mdc-dialog-content { padding-top: .5rem; }
    mat-form-field { width: 100%; }
    p { margin: .75rem 0 0; font: var(--mat-sys-body-medium); color: var(--mat-sys-error); overflow-wrap: anywhere; }
  `,
})
export class AddTask {
  readonly #server = inject(Server);
  readonly #actions = inject(TaskActions);
  readonly #dialog = inject(MatDialogRef);
  protected readonly form = new FormGroup({ task: new FormControl('', { nonNullable: true, validators: [Validators.required, Validators.pattern(/^\s*[^:\s]+:\S+\s*$/)] }) });
  protected readonly isAdding = signal(false);
  protected readonly error = signal<string | null>(null);

  protected add(): void {
    this.form.markAllAsTouched();
    if (this.form.invalid || this.isAdding()) return;
    this.isAdding.set(true);
    this.error.set(null);
    this.#server.add(this.form.getRawValue().task.trim()).subscribe({
      next: () => {
        this.#actions.say('Added');
        this.#dialog.close();
      },
      error: (error: unknown) => {
        this.isAdding.set(false);
        this.error.set(messageOf(error, 'The task was not added.'));
      },
    });
  }
}
