/** The AI SDK 7. */
import * as ai from 'ai-7';
import { createWith } from './ai-sdk.mjs';

export const create = createWith(ai);
