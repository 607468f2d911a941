/**
 * Loads one package by its name, once, in a process that has loaded nothing else, and reports how long that took.
 */
import { options, report } from '../child.mjs';

const beganMs = performance.now();
await import(options.name);
report({ tookMs: performance.now() - beganMs });
