/**
 * A stream of text, such as stdin, line by line as the lines come.
 */
import { createInterface } from 'node:readline';
import { Observable } from 'rxjs';

/**
 * The lines of a text stream.
 *
 * Cold, but the stream is there once: unsubscribing ends it, so that it does not keep the program alive.
 * Errors: those of the stream.
 */
export const linesOf = (input: NodeJS.ReadableStream & { readonly destroy?: () => unknown }): Observable<string> =>
  new Observable((subscriber) => {
    const reader = createInterface({ input, crlfDelay: Infinity });
    reader.on('line', (line) => subscriber.next(line));
    reader.on('close', () => subscriber.complete());
    // The reader passes on what befalls its input: unheard, it would end the program.
    reader.on('error', (error) => subscriber.error(error));
    return () => {
      reader.close();
      input.destroy?.();
    };
  });
