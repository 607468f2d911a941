/**
 * For authors of providers: what a provider is, the three dialects, and the codecs to write a fourth with.
 */
export { type Provider, type ProviderFacts, defineProvider } from './provider.js';
export type { Hints, Pacing, Retention, TierFactor, TimeRange } from './facts.js';
export { arkList, type TaskList } from './task-list.js';
export type { Dialect } from './dialect.js';
export { type Reading, noSettings, usageOf } from './reading.js';
export { type StatusTable, statusOf } from './status-words.js';
export { type Complaint, complaintIn, type ReadFailure, refusalIn, type ResponseReason } from './refusal.js';
export { signedUntilMs } from './signed-url.js';
export { ark, arkExpectedTimeMs, arkPacing, arkReading, ArkTask } from './ark.js';
export { flatVideo, flatVideoExpectedTimeMs, flatVideoPacing, flatVideoTierFactors } from './flat-video.js';
export { newApi } from './new-api.js';
export {
  Amount,
  Count,
  Counts,
  Fields,
  Flag,
  Instant,
  isLink,
  Items,
  type Lenient,
  Link,
  orNull,
  Percentage,
  Span,
  Text,
  Word,
} from './codecs.js';
