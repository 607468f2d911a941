/**
 * Loaded before a contender (`--import`): the clock of its process runs at the speed of the simulator's. Its `setTimeout`, `setInterval`,
 * `AbortSignal.timeout`, `Date` and `performance.now` are in simulated time, and so are the time-outs of `fetch` and undici, which use
 * them. So every contender runs with its own defaults, and none knows of the speed.
 */
const speed = Number(process.env['SIMULATED_SPEED']);
const originMs = Number(process.env['SIMULATED_ORIGIN_MS']);

const { setTimeout, setInterval, performance, AbortSignal } = globalThis;
const startMs = performance.timeOrigin;
const realNow = performance.now.bind(performance);
const timeoutSignal = AbortSignal.timeout.bind(AbortSignal);
const nowMs = () => Math.floor(originMs + (startMs - originMs + realNow()) * speed);

const sped = (/** @type {Function} */ start) =>
  (/** @type {Function} */ work, /** @type {number} */ delayMs = 0, /** @type {unknown[]} */ ...args) => start(work, delayMs / speed, ...args);

Object.assign(globalThis, {
  setTimeout: sped(setTimeout),
  setInterval: sped(setInterval),
  Date: class extends Date {
    /** @override */
    static now = nowMs;

    /** @param {[] | [number]} parts */
    constructor(...parts) {
      if (parts.length === 0) super(nowMs());
      else super(...parts);
    }
  },
});
performance.now = () => realNow() * speed;
AbortSignal.timeout = (/** @type {number} */ delayMs) => timeoutSignal(Math.ceil(delayMs / speed));
