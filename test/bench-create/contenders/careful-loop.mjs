/**
 * A careful loop: one POST that is never repeated, then polls that may fail. Each request has 30 s, and the loop gives up after 30 minutes.
 */
/** @type {import('../contest.mjs').Create} */
export const create = ({ baseUrl, apiKey, model }) => {
  const request = async (/** @type {string} */ path, /** @type {RequestInit} */ init = {}) => {
    const response = await fetch(`${baseUrl}/contents/generations/tasks${path}`, {
      ...init,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` },
      signal: AbortSignal.timeout(30_000),
    });
    if (!response.ok) throw new Error(`status ${response.status}`);
    return /** @type {Promise<any>} */ (response.json());
  };
  return async ({ prompt, user }) => {
    const content = [{ type: 'text', text: prompt }];
    const { id } = await request('', { method: 'POST', body: JSON.stringify({ model, content, safety_identifier: user }) });
    const endMs = Date.now() + 30 * 60_000;
    while (Date.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, 10_000));
      const { status } = await request(`/${id}`).catch(() => ({ status: 'running' }));
      if (status !== 'queued' && status !== 'running') return { status, id };
    }
    throw new Error(`${id} has not ended in 30 minutes`);
  };
};
