/**
 * One task at one moment, with all data of a response: the input of a dialect.
 */
import type { Phase, Scenario } from './scenario.js';

/** The file of a task: its video, the clip before enhancement, or the last frame of the video. */
export type FileVariant = 'video' | 'original' | 'last-frame';

/** A task just after creation. Instants are in Unix seconds of the simulator's clock. */
export interface NewTask {
  readonly id: string;
  readonly scenario: Scenario;
  readonly createdAt: number;
}

/** One task at one moment. */
export interface TaskView extends NewTask {
  readonly phase: Exclude<Phase, 'gone'>;
  /** The progress of the phase, 0 to 1. */
  readonly done: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** When the task expires, in seconds after its creation. */
  readonly expiresAfterSeconds: number;
  /** The body that created the task. */
  readonly request: Readonly<Record<string, unknown>>;
  /** A signed link of a finished task. */
  readonly link: (variant: FileVariant) => string;
}

/** The link of the last frame, if the request asks for it. */
export const lastFrameLink = ({ request, link }: TaskView): { readonly last_frame_url?: string } =>
  request.return_last_frame === true ? { last_frame_url: link('last-frame') } : {};
