/**
 * A trouble in a word or two, for people.
 */
import type { LastError } from '../state/watch-state.js';

const kinds: Readonly<Record<LastError['kind'], string>> = {
  transport: 'no answer',
  timeout: 'no answer in time',
  decode: 'unreadable answer',
  response: 'refused',
};

/** The provider's reason where there is one, such as `rate-limited`. */
export const troubleWord = ({ reason, kind }: LastError): string => (reason === 'server' ? 'server error' : (reason ?? kinds[kind]));
