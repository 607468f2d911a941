/**
 * Volcengine Ark (China) and BytePlus ModelArk (abroad): the origin of Seedance. A key belongs to one region; other regions respond with
 * 401, as for a wrong key.
 *
 * Source: docs 82379/1521309 (get), 82379/1521675 (list), 82379/1520757 (create), 82379/1299023 (errors); ModelArk "get video
 * generation task".
 * Task records are kept 7 days, cancelled ones 24 h, links 24 h (by their signature). Flex costs half and takes hours.
 *
 * CometAPI and APIYI serve the same path and the same task object. Source: apidoc.cometapi.com, "query a ByteDance video task"; docs.apiyi.com,
 * "Seedance 2.0 video generation". Read from documentation, not tried live. Neither documents a list.
 * @module
 */
import { ark as dialect, arkExpectedTimeMs, arkPacing } from '../wire/ark.js';
import { arkCreation } from '../wire/creation.js';
import { defineProvider } from '../wire/provider.js';
import { arkList } from '../wire/task-list.js';

/** Base URLs by region. `account(ark, { apiKey, baseUrl: arkRegions['ap-southeast'] })` */
export const arkRegions = {
  'cn-beijing': 'https://ark.cn-beijing.volces.com/api/v3',
  'ap-southeast': 'https://ark.ap-southeast.bytepluses.com/api/v3',
  'eu-west': 'https://ark.eu-west.bytepluses.com/api/v3',
} as const;

/**
 * Base URLs of gateways that forward Ark's tasks. They take their own keys, and document no list.
 *
 * @example account(ark, { apiKey, baseUrl: arkGateways.CometAPI, batch: false })
 */
export const arkGateways = {
  CometAPI: 'https://api.cometapi.com/volc/v3',
  APIYI: 'https://api.apiyi.com/seedance/api/v3',
} as const;

/** Volcengine Ark in Beijing. Set `baseUrl` for other regions and for gateways. */
export const ark = /* @__PURE__ */ defineProvider({
  id: 'ark',
  name: 'Volcengine Ark, BytePlus ModelArk',
  baseUrl: arkRegions['cn-beijing'],
  otherBaseUrls: { 'ap-southeast': arkRegions['ap-southeast'], 'eu-west': arkRegions['eu-west'], ...arkGateways },
  path: '/contents/generations/tasks/{id}',
  create: /* @__PURE__ */ arkCreation('/contents/generations/tasks'),
  cancels: true,
  list: /* @__PURE__ */ arkList('/contents/generations/tasks'),
  dialect,
  retention: { recordMs: 7 * 86_400_000, cancelledRecordMs: 86_400_000, videoMs: 86_400_000 },
  tierFactors: { flex: { time: null, price: 0.5 } },
  refundsFailures: null,
  documentation: 'https://www.volcengine.com/docs/82379/1521309',
  assumed: { pacing: "the vendor's samples", minIntervalMs: "the vendor's samples", expectedTimeMs: 'measurements by public clients' },
  pacing: () => arkPacing,
  expectedTimeMs: arkExpectedTimeMs,
});
