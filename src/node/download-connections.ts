/**
 * Downloads from a link into a part, one connection at a time: requests the missing bytes, checks the response, writes the body.
 */
import { Observable } from 'rxjs';
import { decoded } from './content-coding.js';
import { createFileCheck, CutFileError, type FileCheck, RejectedFileError } from './file-check.js';
import { type Digests, digestsIn, noDigests } from './file-digest.js';
import { actionFor, endHeaders, headersFor, type Held, lengthAfter } from './file-response.js';
import { type FileRequest, openFile } from './file-connection.js';
import type { PartFile } from './part-file.js';
import { type FileFormat, signatureBytes } from './file-format.js';

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
   * One connection: emits the state of the part after each chunk, and completes when all bytes are received and are those of a file of the format.
   *
   * Cold. Unsubscribing aborts it.
   * Errors: `ConnectionError`, `LinkRefusedError`, `RejectedFileError`, `DownloadError` of kind `disk`, and those of Node's HTTP client.
   */
  readonly open: (url: string) => Observable<Held>;
  /** Resolves when no connection is writing. */
  readonly settled: () => Promise<void>;
}

export const connectionsTo = (part: PartFile, format: FileFormat, access: Omit<FileRequest, 'url' | 'headers' | 'signal'>): Connections => {
  let settled: Promise<void> = Promise.resolve();
  const check = createFileCheck(part, format);
  return {
    settled: () => settled,
    open: (url: string): Observable<Held> =>
      new Observable<Held>((subscriber) => {
        const controller = new AbortController();
        settled = settled
          .then(() => receive(part, format, check, { ...access, url, signal: controller.signal }, (held) => subscriber.next(held)))
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

type Request = Omit<FileRequest, 'headers'>;
type Emit = (held: Held) => void;

/** One connection. Resolves when all bytes are received and checked. */
const receive = async (part: PartFile, format: FileFormat, check: FileCheck, request: Request, emit: Emit): Promise<void> => {
  const { signal } = request;
  if (signal.aborted) return;
  try {
    const { digests, isEndKnown } = isWhole(part.held()) ? { digests: noDigests, isEndKnown: true } : await receiveBytes(part, format, request, emit);
    if (!signal.aborted) await check(digests, isEndKnown, () => emit(part.held()));
  } catch (error) {
    if (error instanceof CutFileError) throw new ConnectionError(error.message);
    // A file whose first bytes are wrong was not written, and the held bytes may still be right.
    if (error instanceof RejectedFileError && !(error instanceof WrongStartError)) await part.begin(null, null);
    throw error;
  }
};

/** The first bytes of a response are not those of the format. */
class WrongStartError extends RejectedFileError {}

/** Resolves when the response has ended. */
const receiveBytes = async (part: PartFile, format: FileFormat, request: Request, emit: Emit): Promise<{ readonly digests: Digests; readonly isEndKnown: boolean }> => {
  const { signal } = request;
  const response = await openFile({ ...request, headers: headersFor(part.held()) });
  const action = actionFor(response, part.held());
  switch (action.kind) {
    case 'whole':
      return { digests: digestsIn(response.header, false), isEndKnown: true };
    case 'refused':
      throw new LinkRefusedError(action.message);
    case 'retry':
      throw new ConnectionError(action.message, action.retryAfterMs);
    case 'stale':
      await part.begin(null, null);
      throw new ConnectionError(action.message);
    case 'bytes':
  }
  const { fromBytes, toBytes, totalBytes, validator, codings } = action;
  const body = decoded(response.bytes, codings);
  const bytes = fromBytes === 0 ? await checkedStart(body, format, response.header('content-type')) : body;
  if (fromBytes === 0) await part.begin(totalBytes, validator);
  emit(part.held());
  for await (const chunk of bytes) {
    if (signal.aborted) break;
    if (toBytes !== null && part.held().receivedBytes + chunk.byteLength > toBytes) throw new ConnectionError(`the response has more than the ${String(toBytes)} bytes that it announced`);
    await part.write(chunk);
    emit(part.held());
  }
  const digests = codings.length === 0 ? digestsIn(response.header, fromBytes === 0) : noDigests;
  const { receivedBytes } = part.held();
  if (signal.aborted) return { digests, isEndKnown: false };
  if (totalBytes === null && fromBytes > 0) throw new ConnectionError(`the response does not say whether the file ends at byte ${String(receivedBytes)}`);
  if (receivedBytes < (totalBytes ?? 1)) throw new ConnectionError(`the response ended at byte ${String(receivedBytes)} of ${String(totalBytes ?? 'an unknown number')}`);
  // A coding has an end of its own: without it, the body is an error.
  if (codings.length > 0) return { digests, isEndKnown: true };
  return { digests, isEndKnown: totalBytes !== null || (await isConfirmed(request, receivedBytes)) };
};

const isWhole = ({ receivedBytes, totalBytes }: Held): boolean => receivedBytes > 0 && receivedBytes === totalBytes;

/** The body, once its first bytes have arrived. Errors: `WrongStartError` if they are not those of the format. */
const checkedStart = async (bytes: AsyncIterable<Uint8Array>, format: FileFormat, type: string | null): Promise<AsyncIterable<Uint8Array>> => {
  const chunks = bytes[Symbol.asyncIterator]();
  let start = Buffer.alloc(0);
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
    start = Buffer.concat([start, next.value]);
    if (start.length >= signatureBytes) break;
  }
  if (start.length > 0 && !format.startsLike(start)) throw new WrongStartError(`the response is not a ${format.name} (${type ?? 'no content-type'})`);
  return (async function *() {
    yield start;
    yield* { [Symbol.asyncIterator]: () => chunks };
  })();
};

/**
 * Asks the host whether the file ends at a byte. A host that does not answer leaves the question to the check of the file.
 *
 * Errors: `ConnectionError` if the file ends elsewhere.
 */
const isConfirmed = async (request: Request, byte: number): Promise<boolean> => {
  const end = new AbortController();
  const signal = AbortSignal.any([request.signal, end.signal, AbortSignal.timeout(confirmMs)]);
  const length = await openFile({ ...request, headers: endHeaders(byte), signal })
    .then((response) => lengthAfter(response, byte), () => null)
    .finally(() => end.abort());
  if (length !== null && length !== byte) throw new ConnectionError(`the response ended at byte ${String(byte)}, but the file has ${String(length)} bytes`);
  return length !== null;
};

/** How long to wait for the response to the question where a file ends. */
const confirmMs = 10_000;
