/**
 * The least that RxJS can watch with: a value, `expand` and `timer`. It asks nothing and knows nothing.
 */
import { expand, of, timer } from 'rxjs';

/** @type {import('./waiting.mjs').Waiting} */
export const createWaiting = ({ intervalMs }) => {
  let answered = 0;
  return {
    add: (ids) => {
      for (const id of ids) of(id).pipe(expand(() => timer(intervalMs))).subscribe(() => (answered += 1));
    },
    answered: () => answered,
  };
};
