/**
 * The entry point `rx-seedance/provider-kit`, for authors of providers: `defineProvider`, the dialects, and codecs to write another.
 * @module
 */
export { type Provider, type ProviderFacts, defineProvider } from './provider.js';
export type { AssumedFact, KeyHeader, TaskHints, Pacing, Retention, TierFactor, TimeRange } from './facts.js';
export { type ArkContent, type ArkTaskBody, arkCreation, type Creation, type FlatVideoTaskBody, flatVideoCreation, type TaskCreation } from './creation.js';
export { arkList, type ListPage, type TaskList } from './task-list.js';
export type { Dialect } from './dialect.js';
export { type ParsedTask, noSettings, usageOf } from './reading.js';
export { type StatusTable, statusOf } from './status-words.js';
export { type ErrorDetail, errorDetailIn, errorResponseIn } from './error-detail.js';
export type { ReadFailure, ResponseReason } from './error-response.js';
export { signedUntilMs } from './signed-url.js';
export type { IsOther } from './response-reader.js';
export { ark, arkExpectedTimeMs, arkPacing, arkReading, ArkTask, labelledArk } from './ark.js';
export { arkErrorReason } from './ark-errors.js';
export { flatVideo, flatVideoExpectedTimeMs, flatVideoPacing, flatVideoTierFactors } from './flat-video.js';
export { newApi } from './new-api.js';
export { prediction } from './prediction.js';
export { newApiErrorReason } from './new-api-errors.js';
export { numericErrorReason } from './numeric-errors.js';
export { linkInField } from './video-link.js';
export {
  LenientNumber,
  Count,
  Counts,
  PlainObject,
  Flag,
  UnixMilliseconds,
  UnixSeconds,
  isLink,
  IsoDate,
  Items,
  type Fields,
  type Lenient,
  Link,
  orNull,
  Percentage,
  SecondsAsMs,
  Text,
  AnyText,
} from './codecs.js';
