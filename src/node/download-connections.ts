/**
 * From a link to a part, one connection at a time: asks for what is missing, checks what the answer says, writes what comes.
 * Decides nothing about another try.
 */
import type { Agent } from 'node:http';
import { Observable } from 'rxjs';
import { headersFor, type Held, readFileAnswer } from './file-answer.js';
import { type FileRequest, openFile } from './file-connection.js';
import type { PartFile } from './part-file.js';

/** Why a connection did not bring all bytes: worth another. */
export class Trouble extends Error {
  constructor(
    message: string,
    readonly retryAfterMs: number | null = null,
  ) {
    super(message);
  }
}

/** The link is refused, and another connection would not help. */
export class Refused extends Error {}

/** Connections to one part: a new one waits until the one before has written its last byte. */
export interface Connections {
  /**
   * One connection: what is held, after each piece; completes when all bytes are there.
   *
   * Cold. Unsubscribing aborts it.
   * Errors: `Trouble`, `Refused`, `DownloadError` of kind `disk`, and the client's own.
   */
  readonly open: (url: string) => Observable<Held>;
  /** Resolves when no connection writes any more. */
  readonly settled: () => Promise<void>;
}

/** @param agent default: Node's global ones */
export const connectionsTo = (part: PartFile, agent: Agent | undefined): Connections => {
  let settled: Promise<void> = Promise.resolve();
  return {
    settled: () => settled,
    open: (url: string): Observable<Held> =>
      new Observable<Held>((subscriber) => {
        const controller = new AbortController();
        settled = settled
          .then(() => receive(part, { url, agent, signal: controller.signal }, (held) => subscriber.next(held)))
          .then(
            () => subscriber.complete(),
            (error: unknown) => {
              if (!subscriber.closed) subscriber.error(error);
            },
          )
          .finally(() => controller.abort());
        return () => controller.abort();
      }),
  };
};

/** One connection: resolves when all bytes are there. */
const receive = async (part: PartFile, request: Omit<FileRequest, 'headers'>, tell: (held: Held) => void): Promise<void> => {
  const { signal } = request;
  if (signal.aborted || isWhole(part.held())) return;
  const response = await openFile({ ...request, headers: headersFor(part.held()) });
  const answer = readFileAnswer(response, part.held());
  switch (answer.kind) {
    case 'whole':
      return;
    case 'refused':
      throw new Refused(answer.message);
    case 'retry':
      throw new Trouble(answer.message, answer.retryAfterMs);
    case 'stale':
      await part.begin(null, null);
      throw new Trouble(answer.message);
    case 'bytes':
  }
  const { fromBytes, toBytes, totalBytes, validator } = answer;
  if (fromBytes === 0) await part.begin(totalBytes, validator);
  tell(part.held());
  for await (const chunk of response.bytes) {
    if (signal.aborted) return;
    if (toBytes !== null && part.held().receivedBytes + chunk.byteLength > toBytes) throw new Trouble(`there is more than the ${String(toBytes)} bytes that were announced`);
    await part.write(chunk);
    tell(part.held());
  }
  const { receivedBytes } = part.held();
  if (totalBytes === null && fromBytes > 0) throw new Trouble(`nobody says whether byte ${String(receivedBytes)} is the end of the file`);
  if (receivedBytes < (totalBytes ?? 1)) throw new Trouble(`the answer ended at byte ${String(receivedBytes)} of ${String(totalBytes ?? 'a file')}`);
};

const isWhole = ({ receivedBytes, totalBytes }: Held): boolean => receivedBytes > 0 && receivedBytes === totalBytes;
