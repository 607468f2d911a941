/** The AI SDK 6. */
import * as ai from 'ai-6';
import { createWith } from './ai-sdk.mjs';

export const create = createWith(ai);
