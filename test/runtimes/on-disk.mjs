// @ts-check
/**
 * The program of a runtime with files: it follows the tasks over each transport, and downloads the videos. Prints what was wrong as JSON.
 */
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lastValueFrom } from 'rxjs';
import { fetchTransport } from 'rx-seedance/fetch';
import { download } from 'rx-seedance/node';
import { undiciTransport } from 'rx-seedance/undici';
import { clientOf, follow } from './program.mjs';

/** Downloads a video, and compares its bytes with those behind the link. @param {import('./program.mjs').Input} input */
const downloadFirst = async (input) => {
  const client = clientOf(input, fetchTransport());
  const task = input.tasks.find(({ end }) => end === 'succeeded')?.task;
  if (task === undefined) throw new Error('no task succeeds');
  const snapshot = await lastValueFrom(client.query(task));
  if (snapshot.status !== 'succeeded' || snapshot.video === null) return [`no video to download: ${snapshot.status}`];
  const directory = mkdtempSync('download-');
  await lastValueFrom(download(snapshot, { directory, client }));
  const files = readdirSync(directory).filter((name) => name.endsWith('.mp4'));
  const bytes = Buffer.from(await (await fetch(snapshot.video.url)).arrayBuffer());
  return files.length === 1 && readFileSync(join(directory, files[0] ?? '')).equals(bytes) ? [] : [`the file is not that of the link: ${readdirSync(directory).join()}`];
};

/** In Bun the transport must say that it does not work. @param {import('./program.mjs').Input} input */
const followOverUndici = async (input) => {
  if (!('Bun' in globalThis)) return follow(input, undiciTransport());
  try {
    undiciTransport();
    return ['undiciTransport works in Bun: the documentation says that it does not'];
  } catch (error) {
    return String(error).includes('fetchTransport') ? [] : [String(error)];
  }
};

const main = async () => {
  const input = JSON.parse(process.env.RUNTIME_INPUT ?? '');
  return [...(await follow(input, fetchTransport())), ...(await followOverUndici(input)), ...(await downloadFirst(input))];
};

main().then(
  (wrong) => { console.log(JSON.stringify(wrong)); },
  (error) => { console.log(JSON.stringify([String(error?.stack ?? error)])); },
);
