/**
 * What a command has of the process it runs in: its streams, its variables, and what asks it to end.
 */
import { type Observable } from 'rxjs';
import type { Variables } from './environment.js';
import type { Discretion, Output } from './output.js';
import type { EndSignal } from './signals.js';

/** Why a command ends before it is done. */
export type Stop = { readonly kind: 'signal'; readonly signal: EndSignal } | { readonly kind: 'broken'; readonly error: Error };

/** The world of a command. */
export interface Console {
  readonly env: Variables;
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly discretion: Discretion;
  /** Emits once, when the command is to end at once; also to whoever listens after that. */
  readonly stopped: Observable<Stop>;
}
