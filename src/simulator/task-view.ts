/**
 * One task at one moment, with everything that an answer needs: what the dialects read. Types alone.
 */
import type { Phase, Scenario } from './scenario.js';

/** Which file of a task: the video that the viewer gets, or the clip before enhancement. */
export type FileVariant = 'video' | 'original';

/** A task as it is created. Instants are unix seconds of the simulator's clock. */
export interface NewTask {
  readonly id: string;
  readonly scenario: Scenario;
  readonly createdAt: number;
}

/** One task as its provider would tell it. */
export interface TaskView extends NewTask {
  readonly phase: Exclude<Phase, 'gone'>;
  /** How much of the phase is over, 0 to 1. */
  readonly done: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** When the provider gives the task up, in seconds after its creation. */
  readonly expiresAfterSeconds: number;
  /** The body that created the task. */
  readonly request: Readonly<Record<string, unknown>>;
  /** A signed link, for a task that has ended. */
  readonly link: (variant: FileVariant) => string;
}
