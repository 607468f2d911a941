/**
 * What Ark answers about a task: every field that it documents, and links as long as signed ones are. The data is made up; each id gets
 * strings of its own, so that no parser can share them.
 */

const link = (/** @type {string} */ id) =>
  `https://ark-content-generation-cn-beijing.tos-cn-beijing.volces.com/doubao-seedance-2-0/${id}/0217723313001230000000.mp4` +
  '?X-Tos-Algorithm=TOS4-HMAC-SHA256&X-Tos-Credential=AKLTYWFiY2RlZmdoaWprbG1ub3BxcnN0dXY%2F20260301%2Fcn-beijing%2Ftos%2Frequest' +
  '&X-Tos-Date=20260301T021532Z&X-Tos-Expires=86400&X-Tos-Signature=5d41402abc4b2a76b9719d911017c592aab3238922bcc25a6f606eb525ffdc56' +
  '&X-Tos-SignedHeaders=host';

/**
 * One task, as it is in a list and alone.
 *
 * @param {string} id
 * @param {'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'expired'} status
 * @param {number} [createdAtMs]
 * @param {{ readonly code: string, readonly message: string } | null} [error] of a failed task
 */
export const arkTask = (id, status, createdAtMs = Date.now(), error = null) => {
  const createdAt = Math.round(createdAtMs / 1000);
  const hasSucceeded = status === 'succeeded';
  return {
    id,
    model: 'doubao-seedance-2-0-260128',
    status,
    error,
    content: hasSucceeded ? { video_url: link(id), last_frame_url: null } : {},
    usage: hasSucceeded ? { completion_tokens: 108_900, total_tokens: 108_900, tool_usage: { web_search: 0 } } : null,
    created_at: createdAt,
    updated_at: status !== 'queued' && status !== 'running' ? createdAt + 132 : createdAt,
    seed: 58_944,
    resolution: '720p',
    ratio: '16:9',
    duration: 5,
    framespersecond: 24,
    generate_audio: true,
    draft: false,
    draft_task_id: '',
    tools: [{ type: 'web_search' }],
    service_tier: 'default',
    execution_expires_after: 172_800,
    priority: 0,
    safety_identifier: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  };
};

/**
 * The JSON text of one task, written once for all ids: a measured program that makes its responses itself spends little on them.
 *
 * @param {'queued' | 'running' | 'succeeded'} status
 * @param {number} [createdAtMs]
 * @returns {(id: string) => string}
 */
export const arkTaskText = (status, createdAtMs) => {
  const parts = JSON.stringify(arkTask('{id}', status, createdAtMs)).split('{id}');
  return (id) => parts.join(id);
};

/**
 * The list that a query polls for: those of its ids that there are, one page of them, ten where it does not say how many. All tasks of
 * the bench are of the default tier.
 *
 * @template Task
 * @param {URLSearchParams} query
 * @param {(id: string) => Task | null} taskOf null if no task has this id
 */
export const arkList = (query, taskOf) => {
  const tier = query.get('filter.service_tier') ?? 'default';
  const size = Number(query.get('page_size') ?? 10);
  const start = (Number(query.get('page_num') ?? 1) - 1) * size;
  const found = tier === 'default' ? [...new Set(query.getAll('filter.task_ids'))].map(taskOf).filter((task) => task !== null) : [];
  return { total: found.length, items: found.slice(start, start + size) };
};

/**
 * The body of an error response.
 *
 * @param {string} code
 * @param {string} message
 * @param {string} type
 */
export const arkError = (code, message, type) => ({
  error: { code, message: `${message} Request id: ${arkHeaders['x-request-id']}`, param: '', type },
});

/** The headers of Ark's gateway, beside those that every HTTP server sends. */
export const arkHeaders = {
  'content-type': 'application/json; charset=utf-8',
  server: 'istio-envoy',
  'x-client-request-id': 'unknown-20260301101500-WvFhUWDb',
  'x-envoy-upstream-service-time': '18',
  'x-request-id': '021772331300123000000000000000000ffff0af12c3d4e5f6a7b',
};
