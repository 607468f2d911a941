/**
 * Downloads from a link into a part, one connection at a time: requests the missing bytes, checks the response, writes the body.
 */
import type { Agent } from 'node:http';
import { Observable } from 'rxjs';
import { headersFor, type Held, actionFor } from './file-response.js';
import { type FileRequest, openFile } from './file-connection.js';
import type { PartFile } from './part-file.js';

/** A connection did not bring all bytes. Another one may. */
export class ConnectionError extends Error {
  constructor(
    message: string,
    readonly retryAfterMs: number | null = null,
  ) {
    super(message);
  }
}

/** The host refuses the link. Another connection would not help. */
export class LinkRefusedError extends Error {}

/** The connections of one part. Each waits until the one before has written its last byte. */
export interface Connections {
  /**
   * One connection: emits the state of the part after each chunk, and completes when all bytes are received.
   *
   * Cold. Unsubscribing aborts it.
   * Errors: `ConnectionError`, `LinkRefusedError`, `DownloadError` of kind `disk`, and those of Node's HTTP client.
   */
  readonly open: (url: string) => Observable<Held>;
  /** Resolves when no connection is writing. */
  readonly settled: () => Promise<void>;
}

/** @param agent default: Node's global agents */
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

/** One connection. Resolves when all bytes are received. */
const receive = async (part: PartFile, request: Omit<FileRequest, 'headers'>, emit: (held: Held) => void): Promise<void> => {
  const { signal } = request;
  if (signal.aborted || isWhole(part.held())) return;
  const response = await openFile({ ...request, headers: headersFor(part.held()) });
  const action = actionFor(response, part.held());
  switch (action.kind) {
    case 'whole':
      return;
    case 'refused':
      throw new LinkRefusedError(action.message);
    case 'retry':
      throw new ConnectionError(action.message, action.retryAfterMs);
    case 'stale':
      await part.begin(null, null);
      throw new ConnectionError(action.message);
    case 'bytes':
  }
  const { fromBytes, toBytes, totalBytes, validator } = action;
  if (fromBytes === 0) await part.begin(totalBytes, validator);
  emit(part.held());
  for await (const chunk of response.bytes) {
    if (signal.aborted) return;
    if (toBytes !== null && part.held().receivedBytes + chunk.byteLength > toBytes) throw new ConnectionError(`the response has more than the ${String(toBytes)} bytes that it announced`);
    await part.write(chunk);
    emit(part.held());
  }
  const { receivedBytes } = part.held();
  if (totalBytes === null && fromBytes > 0) throw new ConnectionError(`the response does not say whether the file ends at byte ${String(receivedBytes)}`);
  if (receivedBytes < (totalBytes ?? 1)) throw new ConnectionError(`the response ended at byte ${String(receivedBytes)} of ${String(totalBytes ?? 'an unknown number')}`);
};

const isWhole = ({ receivedBytes, totalBytes }: Held): boolean => receivedBytes > 0 && receivedBytes === totalBytes;
