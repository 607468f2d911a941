/**
 * What a command needs from its process: streams, variables, and the events that stop it.
 */
import { type Observable } from 'rxjs';
import type { Variables } from './environment.js';
import type { Redactor, Output } from './output.js';
import type { EndSignal } from './signals.js';

/** Why a command stops early. */
export type Stop = { readonly kind: 'signal'; readonly signal: EndSignal } | { readonly kind: 'broken'; readonly error: Error };

/** A command's side of its process. */
export interface Console {
  readonly env: Variables;
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly redactor: Redactor;
  /** Emits once, when the command must stop; late subscribers get it too. */
  readonly stopped: Observable<Stop>;
}
