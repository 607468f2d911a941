/**
 * An adapter of TanStack AI for Ark. Its own, `@tanstack/ai-byteplus`, is not on npm, so this one does what that package's source does
 * (https://github.com/TanStack/ai, packages/ai-byteplus/src/adapters/video.ts, version 0.3.0): three requests without a retry or a
 * time-out, any response but 2xx throws, 404 is a failed job, and so are `cancelled` and `expired`; an unknown status throws.
 */
import { BaseVideoAdapter } from '@tanstack/ai/adapters';

const statuses = { queued: 'pending', running: 'processing', succeeded: 'completed', failed: 'failed', cancelled: 'failed', expired: 'failed' };

const failureOf = ({ status, error }) => {
  if (error?.code && error.message) return `${error.code}: ${error.message}`;
  if (status === 'expired') return 'Task expired before it finished (execution_expires_after elapsed).';
  return status === 'cancelled' ? 'Task was cancelled.' : 'Task failed.';
};

export class ArkVideoAdapter extends BaseVideoAdapter {
  name = 'byteplus';

  constructor({ baseUrl, apiKey, model }) {
    super({}, model);
    this.request = async (path, init) => {
      const response = await fetch(`${baseUrl}/contents/generations/tasks${path}`, {
        ...init,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` },
      });
      const text = await response.text();
      if (!response.ok) throw Object.assign(new Error(`the request failed (${response.status}): ${text}`), { status: response.status });
      return JSON.parse(text);
    };
  }

  async createVideoJob({ prompt, modelOptions }) {
    const body = { model: this.model, content: [{ type: 'text', text: prompt }], ...modelOptions };
    const { id } = await this.request('', { method: 'POST', body: JSON.stringify(body) });
    if (!id) throw new Error('the creation returned no task id');
    return { jobId: id, model: this.model };
  }

  async getVideoStatus(jobId) {
    try {
      const task = await this.request(`/${jobId}`);
      const status = statuses[task.status];
      if (status === undefined) throw new Error(`unrecognized task status ${task.status}`);
      return { jobId, status, ...(status === 'failed' && { error: failureOf(task) }) };
    } catch (error) {
      if (error.status === 404) return { jobId, status: 'failed', error: `Job not found: ${jobId} (${error.message})` };
      throw error;
    }
  }

  async getVideoUrl(jobId) {
    const { content } = await this.request(`/${jobId}`);
    if (!content?.video_url) throw new Error(`no video of ${jobId}`);
    return { jobId, url: content.video_url };
  }
}
