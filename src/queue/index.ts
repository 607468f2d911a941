/**
 * The entry point `rx-seedance/queue`: watches that several processes share, on a store such as Redis or PostgreSQL.
 * @module
 */
export { creationsIn } from './creations.js';
export { addTasks, type AddTasksOptions, wakeTask } from './tasks.js';
export { type DeliveredEnd, deliverEnds, type DeliverEndsOptions, runSweeps, type RunSweepsOptions, type SweepRun } from './run.js';
export { sweep, type SweepEvent, type SweepOptions, type SweepResult } from './sweep.js';
export { memoryStore } from './memory-store.js';
export type { NewTask, QueueStore, StoredTask, TaskChange, TaskEnd } from './store.js';
