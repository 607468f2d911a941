/**
 * A failed poll in a word or two, for people.
 */
import type { LastError } from '../state/watch-state.js';

const kinds: Readonly<Record<LastError['kind'], string>> = {
  transport: 'connection failed',
  timeout: 'timeout',
  decode: 'unreadable response',
  response: 'error response',
};

/** The provider's reason if there is one, such as `rate-limited`; else the kind of error. */
export const errorWord = ({ reason, kind }: LastError): string => (reason === 'server' ? 'server error' : (reason ?? kinds[kind]));
