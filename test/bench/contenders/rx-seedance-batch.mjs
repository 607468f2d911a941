/**
 * This library with list batching, as it comes.
 */
import { createFollowing } from './rx-seedance.mjs';

export const create = createFollowing({ batch: true });
