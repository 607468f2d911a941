/**
 * Splits a stream of text into lines. The commands read stdin through it.
 */
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream';
import { Observable } from 'rxjs';
import { textDecoder } from './text-encoding.js';

/**
 * Decodes a stream from UTF-8 or UTF-16, and emits each line.
 *
 * Cold, but the stream can be read only once: unsubscribing destroys it, so that it does not keep the program alive.
 * Errors: those of the stream.
 */
export const linesOf = (input: NodeJS.ReadableStream & { readonly destroy?: () => unknown }): Observable<string> =>
  new Observable((subscriber) => {
    // The reader gets an error of the input from the decoder.
    const text = pipeline(input, textDecoder(), () => undefined);
    const reader = createInterface({ input: text, crlfDelay: Infinity });
    reader.on('line', (line) => subscriber.next(line));
    reader.on('close', () => subscriber.complete());
    // The reader forwards errors of its input. Without a listener they would end the program.
    reader.on('error', (error) => subscriber.error(error));
    return () => {
      reader.close();
      input.destroy?.();
    };
  });
