/**
 * A plain loop: what one writes first. Any response but 2xx throws.
 */
/** @type {import('../contest.mjs').Create} */
export const create = ({ baseUrl, apiKey, model }) => {
  const request = async (/** @type {string} */ path, /** @type {RequestInit} */ init = {}) => {
    const response = await fetch(`${baseUrl}/contents/generations/tasks${path}`, {
      ...init,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` },
    });
    if (!response.ok) throw new Error(`status ${response.status}`);
    return /** @type {Promise<any>} */ (response.json());
  };
  return async ({ prompt, user }) => {
    const content = [{ type: 'text', text: prompt }];
    const { id } = await request('', { method: 'POST', body: JSON.stringify({ model, content, safety_identifier: user }) });
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 10_000));
      const { status } = await request(`/${id}`);
      if (status !== 'queued' && status !== 'running') return { status, id };
    }
  };
};
