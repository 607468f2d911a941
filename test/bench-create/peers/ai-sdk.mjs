/**
 * The AI SDK: `experimental_generateVideo` creates the task, polls it and downloads the video. `download` is the one option that is not at
 * its default: the default one refuses a file on loopback. Versions 6 and 7 are used in the same way.
 */
import { createByteDance } from '@ai-sdk/bytedance';

/** @param {typeof import('ai-6')} ai */
export const createWith = ({ experimental_generateVideo: generateVideo, RetryError }) => ({ baseUrl, apiKey, model }) => {
  const bytedance = createByteDance({ baseURL: baseUrl, apiKey });
  return async ({ prompt, user }) => {
    try {
      const { providerMetadata } = await generateVideo({
        model: bytedance.video(model),
        prompt,
        providerOptions: { bytedance: { safety_identifier: user } },
        download: async ({ url }) => ({ data: new Uint8Array(await (await fetch(url)).arrayBuffer()), mediaType: 'video/mp4' }),
      });
      return { status: 'succeeded', id: providerMetadata.bytedance.taskId };
    } catch (error) {
      const cause = RetryError.isInstance(error) ? error.lastError : error;
      if (cause?.name === 'BYTEDANCE_VIDEO_GENERATION_FAILED') return { status: 'failed' };
      throw error;
    }
  };
};
