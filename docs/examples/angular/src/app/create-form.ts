/** A form that creates a task. It warns of the cost first, and sends each input with one key, so that a second try buys nothing twice. */
import { HttpClient } from '@angular/common/http';
import { ChangeDetectionStrategy, Component, computed, inject, input, signal } from '@angular/core';
import type { TaskRef } from 'rx-seedance';
import { messageOf } from './words';

/** What can be created with the account of a provider, as the server says. */
export interface Offer {
  readonly provider: string;
  /** Whether the provider cancels queued tasks. */
  readonly cancels: boolean;
  readonly models: readonly string[];
  readonly resolutions: readonly string[];
  readonly minSeconds: number;
  readonly maxSeconds: number;
  readonly maxPromptLength: number;
}

interface Wish {
  readonly provider: string;
  readonly model: string;
  readonly prompt: string;
  readonly resolution: string;
  readonly seconds: number;
}

@Component({
  selector: 'app-create-form',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <details class="create">
      <summary>Create a task</summary>
      <form #form (submit)="review($event, form)" (input)="wish.set(null)">
        <label>Provider
          <select name="provider" #provider (change)="chosen.set(provider.value)">
            @for (offer of offers(); track offer.provider) { <option>{{ offer.provider }}</option> }
          </select>
        </label>
        <label>Model
          <select name="model">
            @for (model of offer()?.models; track model) { <option>{{ model }}</option> }
          </select>
        </label>
        <label>Prompt <textarea name="prompt" rows="3" required [attr.maxlength]="offer()?.maxPromptLength"></textarea></label>
        <label>Resolution
          <select name="resolution">
            @for (resolution of offer()?.resolutions; track resolution) { <option>{{ resolution }}</option> }
          </select>
        </label>
        <label>Length in seconds <input name="seconds" type="number" required value="5" [attr.min]="offer()?.minSeconds" [attr.max]="offer()?.maxSeconds"></label>
        @if (wish(); as it) {
          <p class="cost" role="alert">This buys one video of {{ it.seconds }} s in {{ it.resolution }} from {{ it.provider }}, with the model {{ it.model }}. The provider charges your account for it.</p>
          <p>
            <button type="button" [disabled]="isCreating()" (click)="create(it)">Buy it</button>
            <button type="button" [disabled]="isCreating()" (click)="wish.set(null)">Back</button>
          </p>
        } @else {
          <p><button type="submit">Create</button></p>
        }
        @if (error(); as text) { <p class="form-error" role="alert">{{ text }}</p> }
        <p role="status">{{ news() }}</p>
      </form>
    </details>
  `,
})
export class CreateForm {
  readonly offers = input.required<readonly Offer[]>();
  readonly #http = inject(HttpClient);
  protected readonly chosen = signal<string | null>(null);
  protected readonly offer = computed(() => this.offers().find(({ provider }) => provider === this.chosen()) ?? this.offers()[0]);

  /** What will be bought after the visitor has confirmed it; null while the form is edited. */
  protected readonly wish = signal<Wish | null>(null);
  protected readonly isCreating = signal(false);
  protected readonly error = signal<string | null>(null);
  protected readonly news = signal('');
  /** The last input, and its key until it is created. */
  #last = { input: '', key: '' };

  protected review(event: Event, form: HTMLFormElement): void {
    event.preventDefault();
    const fields = new FormData(form);
    const text = (name: string): string => String(fields.get(name) ?? '').trim();
    const wish = { provider: text('provider'), model: text('model'), prompt: text('prompt'), resolution: text('resolution'), seconds: Number(text('seconds')) };
    const input = JSON.stringify(wish);
    if (input !== this.#last.input) this.#last = { input, key: crypto.randomUUID() };
    this.error.set(null);
    this.news.set('');
    this.wish.set(wish);
  }

  protected create(wish: Wish): void {
    this.isCreating.set(true);
    this.error.set(null);
    this.#http.post<{ readonly task: TaskRef }>('/creations', { key: this.#last.key, ...wish }).subscribe({
      next: ({ task }) => {
        this.isCreating.set(false);
        this.#last = { input: '', key: '' };
        this.wish.set(null);
        this.news.set(`Created ${task.provider} ${task.id}.`);
      },
      error: (error: unknown) => {
        this.isCreating.set(false);
        this.error.set(messageOf(error, 'Try again: the same input is not bought twice.'));
      },
    });
  }
}
