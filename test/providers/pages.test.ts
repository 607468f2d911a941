/**
 * The values in the providers' documentation, one row each. For undocumented values only general properties are tested.
 */
import { isRight } from 'fp-ts/Either';
import { describe, expect, it } from 'vitest';
import { anyfast, anyfastChinaUrl } from '../../src/providers/anyfast.js';
import { ark, arkGateways, arkRegions } from '../../src/providers/ark.js';
import { atlascloud } from '../../src/providers/atlascloud.js';
import { kie } from '../../src/providers/kie.js';
import { kyyaipower, kyyaipowerV2 } from '../../src/providers/kyyaipower.js';
import { meshapi } from '../../src/providers/meshapi.js';
import { openrouter } from '../../src/providers/openrouter.js';
import { powertokens } from '../../src/providers/powertokens.js';
import { replicate } from '../../src/providers/replicate.js';
import { wavespeed } from '../../src/providers/wavespeed.js';
import { xingchao } from '../../src/providers/xingchao.js';
import { yescale, yescaleDirectUrl } from '../../src/providers/yescale.js';
import type { TaskHints } from '../../src/wire/facts.js';
import type { Provider } from '../../src/wire/provider.js';
import { withRaw } from '../support/readings.js';

const hints = (known: Partial<TaskHints>): TaskHints => ({ serviceTier: null, model: null, resolution: null, durationMs: null, ...known });
const seconds = (min: number, max: number) => ({ minMs: min * 1_000, maxMs: max * 1_000 });
const minutes = (min: number, max: number) => seconds(min * 60, max * 60);
const day = 86_400_000;

const kyyPages: readonly Provider[] = [kyyaipower, kyyaipowerV2, xingchao];
const arkPages: readonly Provider[] = [ark, powertokens, yescale, meshapi];

describe('the address', () => {
  it.each([
    [ark, 'https://ark.cn-beijing.volces.com/api/v3/contents/generations/tasks/{id}', 'ark'],
    [powertokens, 'https://api.powertokens.ai/byteplus/api/v3/contents/generations/tasks/{id}', 'ark'],
    [yescale, 'https://api.yescale.io/seedance/generations/{id}', 'ark'],
    [kyyaipower, 'https://zcbservice.aizfw.cn/kyyAiPower/v1/result/{id}', 'flat-video'],
    [kyyaipowerV2, 'https://zcbservice.aizfw.cn/kyyReactApiServer/v1/result/{id}', 'flat-video'],
    [xingchao, 'https://zcbservice.aizfw.cn/kyyReactApiServer/v1/result/{id}', 'flat-video'],
    [anyfast, 'https://www.anyfast.ai/v1/video/generations/{id}', 'new-api'],
    [meshapi, 'https://api.meshapi.ai/v1/video/generations/{id}', 'ark'],
    [kie, 'https://api.kie.ai/api/v1/jobs/recordInfo?taskId={id}', 'kie'],
    [wavespeed, 'https://api.wavespeed.ai/api/v3/predictions/{id}/result', 'prediction'],
    [atlascloud, 'https://api.atlascloud.ai/api/v1/model/prediction/{id}', 'prediction'],
    [replicate, 'https://api.replicate.com/v1/predictions/{id}', 'prediction'],
    [openrouter, 'https://openrouter.ai/api/v1/videos/{id}', 'openrouter'],
  ] as const)('$id', (provider, url, dialect) => {
    expect(provider.baseUrl + provider.path).toBe(url);
    expect(provider.dialect).toBe(dialect);
  });

  it('has named alternatives', () => {
    expect(arkRegions).toEqual({
      'cn-beijing': 'https://ark.cn-beijing.volces.com/api/v3',
      'ap-southeast': 'https://ark.ap-southeast.bytepluses.com/api/v3',
      'eu-west': 'https://ark.eu-west.bytepluses.com/api/v3',
    });
    expect([yescaleDirectUrl, anyfastChinaUrl]).toEqual(['https://api.yescale.vip', 'https://www.anyfast.com.cn']);
    const others = (provider: Provider): readonly string[] => Object.values(provider.otherBaseUrls);
    expect(others(ark)).toEqual([arkRegions['ap-southeast'], arkRegions['eu-west'], arkGateways.CometAPI, arkGateways.APIYI]);
    expect(Object.values(arkGateways)).toEqual(['https://api.cometapi.com/volc/v3', 'https://api.apiyi.com/seedance/api/v3']);
    expect([yescale, anyfast].map(others)).toEqual([[yescaleDirectUrl], [anyfastChinaUrl]]);
    expect([others(kyyaipower), others(kyyaipowerV2)]).toEqual([[kyyaipowerV2.baseUrl], [kyyaipower.baseUrl]]);
  });
});

describe('the polling interval', () => {
  it.each(arkPages.map((provider) => [provider.id, provider] as const))("%s documents none: the origin's samples poll every 10 s", (_, { pacing }) => {
    for (const known of [{}, { serviceTier: 'flex' }, { resolution: '480p' }, { model: 'seedance_1_5_pro_480p' }, { durationMs: 30_000 }]) {
      expect(pacing(hints(known))).toEqual({ minIntervalMs: 10_000, recommended: seconds(10, 20) });
    }
  });

  it('anyfast recommends a poll about every 15 s', () => {
    const { minIntervalMs, recommended: { minMs, maxMs }, longestMs } = anyfast.pacing(hints({}));
    expect(minIntervalMs).toBe(10_000);
    expect(longestMs).toBe(15_000);
    expect([minMs, maxMs]).toSatisfy(([min = 0, max = 0]: readonly number[]) => min <= 15_000 && max >= 15_000 && max - min <= 10_000);
  });

  it.each(kyyPages.flatMap((provider) => [
    [provider.baseUrl, {}, provider, seconds(30, 60)],
    [provider.baseUrl, { serviceTier: 'default' }, provider, seconds(30, 60)],
    [provider.baseUrl, { model: 'seedance_1_5_pro_480p' }, provider, seconds(10, 20)],
    [provider.baseUrl, { model: 'seedance_1_5_pro', resolution: '480p' }, provider, seconds(10, 20)],
    [provider.baseUrl, { model: 'seedance_1_5_pro_720p' }, provider, seconds(30, 60)],
    [provider.baseUrl, { model: 'seedance_1_5_pro_1080p' }, provider, seconds(30, 60)],
    [provider.baseUrl, { model: 'seedance_2_0_pro', durationMs: 15_000 }, provider, seconds(30, 60)],
    [provider.baseUrl, { serviceTier: 'flex', model: 'seedance_1_5_pro_720p' }, provider, seconds(60, 120)],
    [provider.baseUrl, { serviceTier: 'flex', model: 'seedance_1_5_pro_480p' }, provider, seconds(60, 120)],
  ] as const))('%s with %j', (_, known, { pacing }, range) => {
    expect(pacing(hints(known))).toEqual({ minIntervalMs: 10_000, recommended: range, longestMs: range.maxMs });
  });
});

describe('the polling interval of gateways', () => {
  it('kie.ai recommends at most 30 s; the minimum of this library is longer than its first 2 to 3 s', () => {
    expect(kie.pacing(hints({}))).toEqual({ minIntervalMs: 10_000, recommended: seconds(10, 30), longestMs: 30_000 });
    expect(kie.expectedTimeMs(hints({}))).toBeNull();
  });

  it('OpenRouter recommends 10 to 30 s', () => {
    expect(openrouter.pacing(hints({}))).toEqual({ minIntervalMs: 10_000, recommended: seconds(10, 30), longestMs: 30_000 });
    expect(openrouter.expectedTimeMs(hints({}))).toBeNull();
  });

  it('WaveSpeed, Atlas Cloud and Replicate document none that is longer than the minimum', () => {
    for (const { pacing, expectedTimeMs, assumed } of [wavespeed, atlascloud, replicate]) {
      expect(pacing(hints({})).minIntervalMs).toBe(10_000);
      expect(pacing(hints({})).recommended.minMs).toBe(10_000);
      expect(expectedTimeMs(hints({}))).toBeNull();
      expect(Object.keys(assumed)).toEqual(['pacing', 'minIntervalMs']);
    }
  });
});

describe('the expected time', () => {
  const rows: readonly (readonly [Partial<TaskHints>, ReturnType<typeof seconds>])[] = [
    [{ model: 'seedance_1_5_pro_480p' }, seconds(30, 120)],
    [{ model: 'seedance_1_5_pro_720p' }, minutes(2, 5)],
    [{ model: 'seedance_1_5_pro_1080p' }, minutes(3, 8)],
    [{ model: 'seedance_1_5_pro', resolution: '1080p' }, minutes(3, 8)],
    [{ model: 'seedance-1-5-pro', resolution: '480p' }, seconds(30, 120)],
    [{ model: 'seedance_1_5_pro_720p', durationMs: 12_000 }, minutes(2, 5)],
    ...([1, 4, 5].map((length) => [{ model: 'seedance_2_0_pro', durationMs: length * 1000 }, minutes(1, 3)] as const)),
    ...([5.2, 6, 8, 10].map((length) => [{ model: 'seedance_2_0_pro', durationMs: length * 1000 }, minutes(2, 5)] as const)),
    ...([11, 15].map((length) => [{ model: 'seedance_2_0_pro', durationMs: length * 1000 }, minutes(3, 8)] as const)),
  ];

  it.each(rows.flatMap(([known, range]) => kyyPages.map((provider) => [provider.baseUrl, known, provider, range] as const)))('%s with %j', (_, known, { expectedTimeMs }, range) => {
    expect(expectedTimeMs(hints(known))).toEqual(range);
    expect(expectedTimeMs(hints({ ...known, serviceTier: 'default' }))).toEqual(range);
    expect(expectedTimeMs(hints({ ...known, serviceTier: 'flex' }))).toEqual({ minMs: range.minMs * 2, maxMs: range.maxMs * 3 });
  });

  it('of another model is unknown', () => {
    for (const model of [null, 'grok-video', 'seedance']) for (const provider of kyyPages) expect(provider.expectedTimeMs(hints({ model }))).toBeNull();
  });

  it('anyfast takes 1 to 5 minutes', () => {
    expect(anyfast.expectedTimeMs(hints({}))).toEqual(minutes(1, 5));
    expect(anyfast.expectedTimeMs(hints({ model: 'seedance-turbo', durationMs: 15_000 }))).toEqual(minutes(1, 5));
  });

  it.each(arkPages.map((provider) => [provider.id, provider] as const))('%s documents none: longer videos take longer, at least half a minute, flex takes hours', (_, { expectedTimeMs }) => {
    const ranges = [1, 5, 5.04, 10, 15, 16, 30, 60].map((length) => expectedTimeMs(hints({ durationMs: length * 1000 })) ?? minutes(0, 0));
    for (const [index, range] of ranges.entries()) {
      expect(range.minMs).toBeGreaterThanOrEqual(Math.max(30_000, ranges[index - 1]?.minMs ?? 0));
      expect(range.maxMs).toBeGreaterThanOrEqual(Math.max(range.minMs, ranges[index - 1]?.maxMs ?? 0));
    }
    // The longest that was measured: 30 s of video in 1057 s.
    expect(expectedTimeMs(hints({ durationMs: 30_000 }))?.maxMs).toBeGreaterThanOrEqual(1_057_000);
    expect(expectedTimeMs(hints({}))).not.toBeNull();
    expect(expectedTimeMs(hints({ serviceTier: 'flex' }))).toBeNull();
  });
});

describe('retention and price', () => {
  it.each([
    [ark, { recordMs: 7 * day, cancelledRecordMs: day, videoMs: day }],
    [powertokens, { recordMs: 7 * day, cancelledRecordMs: day, videoMs: 14 * day }],
    [yescale, { recordMs: null, cancelledRecordMs: null, videoMs: null }],
    [kyyaipower, { recordMs: 7 * day, cancelledRecordMs: null, videoMs: 7 * day }],
    [kyyaipowerV2, { recordMs: day, cancelledRecordMs: null, videoMs: day }],
    [xingchao, { recordMs: day, cancelledRecordMs: null, videoMs: day }],
    [anyfast, { recordMs: null, cancelledRecordMs: null, videoMs: day }],
    [meshapi, { recordMs: null, cancelledRecordMs: null, videoMs: null }],
    [kie, { recordMs: null, cancelledRecordMs: null, videoMs: day }],
    [wavespeed, { recordMs: 7 * day, cancelledRecordMs: null, videoMs: 7 * day }],
    [atlascloud, { recordMs: null, cancelledRecordMs: null, videoMs: null }],
    [replicate, { recordMs: null, cancelledRecordMs: null, videoMs: 3_600_000 }],
    [openrouter, { recordMs: null, cancelledRecordMs: null, videoMs: null }],
  ] as const)('$id', (provider, retention) => {
    expect(provider.retention).toEqual(retention);
  });

  it('flex costs half, and takes two to three times as long if documented', () => {
    for (const { tierFactors } of kyyPages) expect(tierFactors).toEqual({ flex: { time: { min: 2, max: 3 }, price: 0.5 } });
    for (const { tierFactors } of [ark, powertokens]) expect(tierFactors['flex']).toMatchObject({ price: 0.5 });
  });

  it('only anyfast documents refunds of failures', () => {
    expect(anyfast.refundsFailures).toBe(true);
    for (const { refundsFailures } of [...arkPages, ...kyyPages]) expect(refundsFailures).toBeNull();
  });
});

describe("a relay's generic messages", () => {
  const isRelayFailure = (message: string, code: string | null = null): boolean => anyfast.isRelayFailure({ code, message, reason: 'unknown' });

  it.each(['task failed', 'Task failed.', 'upstream returned error', 'upstream returned unrecognized message', 'Failed to get channel info, channel ID: 7', 'the provider gives no reason'])(
    '%j may be followed by the end that the task really has',
    (message) => {
      expect(isRelayFailure(message)).toBe(true);
      expect(isRelayFailure(message, 'InvalidParameter')).toBe(false);
    },
  );

  it.each(['task failed, code: InvalidParameter, message: no', '任务超时（5分钟）', 'task not found or expired', '生成参数校验失败', 'the task failed'])('%j is the end', (message) => {
    expect(isRelayFailure(message)).toBe(false);
  });

  it('are found in the response that holds them', () => {
    const failed = (reason: string) =>
      withRaw(anyfast.read({ provider: 'anyfast', id: 'a' }, { status: 200, headers: {}, body: JSON.stringify({ code: 'success', data: { task_id: 'a', status: 'FAILURE', fail_reason: reason } }) }));
    for (const [reason, isRelay] of [['task failed', true], ['', true], ['task failed, code: InvalidParameter, message: no', false], ['任务超时（5分钟）', false]] as const) {
      const result = failed(reason);
      expect(isRight(result) && result.right.status === 'failed' && anyfast.isRelayFailure(result.right.failure), reason).toBe(isRelay);
    }
  });

  it('no other provider has', () => {
    for (const { isRelayFailure: isRelay } of [...arkPages, ...kyyPages]) expect(isRelay({ code: null, message: 'task failed', reason: 'unknown' })).toBe(false);
  });
});
