import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { lastValueFrom } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { download, openJournal } from '../../src/node/index.js';
import { serve } from '../adapters/loopback.js';
import { type Built, buildForNode } from '../support/build.js';
import { makeFilm } from './film.js';

let built: Built;
const folder = mkdtempSync(join(tmpdir(), 'rx-seedance-full-'));
beforeAll(async () => {
  built = await buildForNode({ limited: fileURLToPath(new URL('limited.ts', import.meta.url)) });
});
afterAll(() => {
  built.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the program in a process whose files are limited to 64 blocks: the last write succeeds in part, then fails. */
const limited = async (...args: readonly string[]): Promise<unknown> => {
  const command = promisify(execFile)('sh', ['-c', 'ulimit -f 64; exec "$0" "$@"', process.execPath, built.file('limited'), ...args]);
  return JSON.parse((await command).stdout);
};

describe.skipIf(process.platform === 'win32')('a disk that is full in the middle of a write', () => {
  it('costs a journal only the state that did not fit: the next one is in a line of its own', async () => {
    const directory = join(folder, 'journal');
    const { saved, refusal } = (await limited('journal', directory)) as { readonly saved: readonly string[]; readonly refusal: string };
    expect(refusal).toBe('EFBIG');
    expect(saved.length).toBeGreaterThan(5);
    expect(readFileSync(join(directory, 'watches.jsonl'), 'utf8').split('\n')).toHaveLength(saved.length + 2);
    const journal = openJournal(directory);
    onTestFinished(journal.close);
    expect(journal.states().map(({ task }) => task.id)).toEqual([...saved, 'short']);
  });

  it('ends a download, which resumes from its part when there is space again', async () => {
    const film = makeFilm(12_500);
    const server = await serve(({ headers }, response) => {
      const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
      const range = { 'content-range': `bytes ${String(from)}-${String(film.length - 1)}/${String(film.length)}` };
      response.writeHead(from > 0 ? 206 : 200, { etag: '"film"', 'content-length': film.length - from, ...(from > 0 && range) }).end(film.subarray(from));
    });
    const directory = join(folder, 'videos');
    expect(await limited('download', directory, `${server.url}/film.mp4`)).toEqual({
      kind: 'disk',
      message: `${join(directory, 'film.mp4')}: the file is larger than the disk or the process allows (EFBIG)`,
    });
    const fitted = statSync(join(directory, 'film.mp4.part')).size;
    expect(fitted).toBeGreaterThan(30_000);
    await lastValueFrom(download(`${server.url}/film.mp4`, { directory, allowPrivateHosts: true }));
    expect(readFileSync(join(directory, 'film.mp4')).equals(film)).toBe(true);
    expect(readdirSync(directory)).toEqual(['film.mp4']);
    expect(server.requests.map(({ headers }) => headers.range)).toEqual([undefined, `bytes=${String(fitted)}-`]);
  });
});
