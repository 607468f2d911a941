/** The form for a new video. It warns of the cost, and sends each input with one key, so that a second try buys nothing twice. */
import { ChangeDetectionStrategy, Component, computed, inject, signal } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { FormControl, FormGroup, ReactiveFormsModule, Validators } from '@angular/forms';
import { MatButton } from '@angular/material/button';
import { MatDialogActions, MatDialogClose, MatDialogContent, MatDialogRef, MatDialogTitle } from '@angular/material/dialog';
import { MatError, MatFormField, MatHint, MatLabel } from '@angular/material/form-field';
import { MatIcon } from '@angular/material/icon';
import { MatInput } from '@angular/material/input';
import { MatOption, MatSelect } from '@angular/material/select';
import { type Offer, Server } from './server';
import { TaskActions } from './task-actions';
import { messageOf } from './words';

/** The last input, and its key until it is created: also after the form was closed. */
const last = { input: '', key: '' };

@Component({
  selector: 'app-new-video',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [MatButton, MatDialogActions, MatDialogClose, MatDialogContent, MatDialogTitle, MatError, MatFormField, MatHint, MatIcon, MatInput, MatLabel, MatOption, MatSelect, ReactiveFormsModule],
  template: `
    <h2 mat-dialog-title id="new-video-title">New video</h2>
    <form [formGroup]="form" (ngSubmit)="create()">
      <mat-dialog-content>
        <mat-form-field class="wide">
          <mat-label>Prompt</mat-label>
          <textarea matInput formControlName="prompt" rows="4" [maxlength]="offer().maxPromptLength" cdkFocusInitial placeholder="A paper boat sails down a gutter in the rain"></textarea>
          <mat-hint align="end">{{ value().prompt?.length ?? 0 }} / {{ offer().maxPromptLength }}</mat-hint>
          <mat-error>Describe the video.</mat-error>
        </mat-form-field>
        <mat-form-field>
          <mat-label>Provider</mat-label>
          <mat-select formControlName="provider" (valueChange)="choose($event)">
            @for (each of server.offers(); track each.provider) { <mat-option [value]="each.provider">{{ each.provider }}</mat-option> }
          </mat-select>
        </mat-form-field>
        <mat-form-field>
          <mat-label>Model</mat-label>
          <mat-select formControlName="model">
            @for (model of offer().models; track model) { <mat-option [value]="model">{{ model }}</mat-option> }
          </mat-select>
        </mat-form-field>
        <mat-form-field>
          <mat-label>Resolution</mat-label>
          <mat-select formControlName="resolution">
            @for (resolution of offer().resolutions; track resolution) { <mat-option [value]="resolution">{{ resolution }}</mat-option> }
          </mat-select>
        </mat-form-field>
        <mat-form-field>
          <mat-label>Length in seconds</mat-label>
          <input matInput type="number" formControlName="seconds" [min]="offer().minSeconds" [max]="offer().maxSeconds">
          <mat-error>{{ offer().minSeconds }} to {{ offer().maxSeconds }} seconds.</mat-error>
        </mat-form-field>
        <p class="cost"><mat-icon svgIcon="alert" /><span>
          @if (server.isSimulated()) { The provider is simulated: this costs nothing. }
          @else { {{ value().provider }} charges your account for this video: {{ value().seconds }} s in {{ value().resolution }}. }
        </span></p>
        @if (error(); as text) { <p class="error" role="alert">{{ text }}</p> }
      </mat-dialog-content>
      <mat-dialog-actions align="end">
        <button matButton type="button" mat-dialog-close>Close</button>
        <button matButton="filled" type="submit" [disabled]="isCreating()">{{ isCreating() ? 'Creating …' : server.isSimulated() ? 'Create' : 'Create and pay' }}</button>
      </mat-dialog-actions>
    </form>
  `,
  styles: `
    mat-dialog-content.mat-mdc-dialog-content { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; padding-top: .5rem; }
    .wide, p { grid-column: 1 / -1; }
    p { margin: 0; font: var(--mat-sys-body-medium); letter-spacing: normal; }
    .cost { display: flex; align-items: center; gap: .6rem; padding: .6rem .8rem; border-radius: .5rem; color: var(--mat-sys-on-surface); background: var(--warning-container); mat-icon { flex: none; color: var(--warning); } }
    .error { color: var(--mat-sys-error); overflow-wrap: anywhere; }
    @media (max-width: 30rem) { mat-dialog-content.mat-mdc-dialog-content { grid-template-columns: minmax(0, 1fr); } }
  `,
})
export class NewVideo {
  protected readonly server = inject(Server);
  readonly #actions = inject(TaskActions);
  readonly #dialog = inject(MatDialogRef);
  protected readonly isCreating = signal(false);
  protected readonly error = signal<string | null>(null);

  readonly #first = this.server.offers()[0]!; // the button that opens the form is disabled without an offer
  protected readonly form = new FormGroup({
    prompt: new FormControl('', { nonNullable: true, validators: [Validators.required, Validators.pattern(/\S/)] }),
    provider: new FormControl(this.#first.provider, { nonNullable: true }),
    model: new FormControl(this.#first.models[0] ?? '', { nonNullable: true }),
    resolution: new FormControl(this.#first.resolutions[0] ?? '', { nonNullable: true }),
    seconds: new FormControl(5, { nonNullable: true, validators: [Validators.required, Validators.min(this.#first.minSeconds), Validators.max(this.#first.maxSeconds)] }),
  });
  protected readonly value = toSignal(this.form.valueChanges, { initialValue: this.form.getRawValue() });
  protected readonly offer = computed<Offer>(() => this.server.offers().find(({ provider }) => provider === this.value().provider) ?? this.#first);

  protected choose(provider: string): void {
    const offer = this.server.offers().find((each) => each.provider === provider);
    if (offer !== undefined) this.form.patchValue({ model: offer.models[0], resolution: offer.resolutions[0] });
  }

  protected create(): void {
    this.form.markAllAsTouched();
    if (this.form.invalid || this.isCreating()) return;
    const { prompt, ...rest } = this.form.getRawValue();
    const wish = { ...rest, prompt: prompt.trim() };
    const input = JSON.stringify(wish);
    if (input !== last.input) Object.assign(last, { input, key: crypto.randomUUID() });
    this.isCreating.set(true);
    this.error.set(null);
    this.server.create(last.key, wish).subscribe({
      next: () => {
        Object.assign(last, { input: '', key: '' });
        this.#actions.say('Created: the video is on its way');
        this.#dialog.close();
      },
      error: (error: unknown) => {
        this.isCreating.set(false);
        this.error.set(messageOf(error, 'Try again: the same input is not bought twice.'));
      },
    });
  }
}
