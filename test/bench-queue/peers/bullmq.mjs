/**
 * BullMQ, for ../jobs.mjs: which is outside this package, so that it finds `rx-seedance` by its name.
 */
export { DelayedError, Queue, Worker } from 'bullmq';
