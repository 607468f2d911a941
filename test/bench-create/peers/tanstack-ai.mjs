/**
 * TanStack AI: `generateVideo` with `stream: true` creates the task, polls it, and emits what happens.
 */
import { generateVideo } from '@tanstack/ai';
import { ArkVideoAdapter } from './tanstack-ark-adapter.mjs';

export const create = (account) => async ({ prompt, user }) => {
  const adapter = new ArkVideoAdapter(account);
  let isFailed = false;
  for await (const chunk of generateVideo({ adapter, prompt, modelOptions: { safety_identifier: user }, stream: true })) {
    if (chunk.type === 'CUSTOM' && chunk.name === 'generation:result') return { status: 'succeeded', id: chunk.value.jobId };
    if (chunk.type === 'CUSTOM' && chunk.name === 'video:status') isFailed = chunk.value.status === 'failed';
    if (chunk.type === 'RUN_ERROR') {
      if (!isFailed) throw new Error(chunk.message);
      return { status: /was cancelled/.test(chunk.message) ? 'cancelled' : /expired/.test(chunk.message) ? 'expired' : 'failed' };
    }
  }
  throw new Error('no result');
};
