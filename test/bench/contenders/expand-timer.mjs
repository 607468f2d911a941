/**
 * The least that RxJS can watch with: a value, `expand` and `timer`. It sends nothing and knows nothing.
 */
import { expand, of, timer } from 'rxjs';

/** @type {import('./memory.mjs').Waiting} */
export const createWaiting = ({ waitMs }) => {
  let values = 0;
  return {
    add: (ids) => {
      for (const id of ids) of(id).pipe(expand((_, index) => timer(waitMs(index)))).subscribe(() => (values += 1));
    },
    responses: () => values,
  };
};
