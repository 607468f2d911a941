/**
 * A program for a process with a limited file size, like a disk that fills up in the middle of a write. Prints JSON.
 * `limited journal DIR` saves long states until one fails, then a short one; `limited download DIR LINK` downloads a file.
 */
import { lastValueFrom } from 'rxjs';
import { startWatch, watchConfig, type WatchState } from 'rx-seedance';
import { download, isDownloadError, openJournal } from 'rx-seedance/node';
import { ark } from 'rx-seedance/providers/ark';

const [mode = '', directory = '', link = ''] = process.argv.slice(2);

const stateOf = (id: string, baseUrl: string): WatchState => ({ ...startWatch({ provider: 'ark', id }, watchConfig(ark), 1000), baseUrl });

const fillJournal = (): object => {
  const journal = openJournal(directory);
  const saved: string[] = [];
  let refusal = '';
  while (refusal === '') {
    const state = stateOf(`long-${String(saved.length)}`, `https://a.example/${'x'.repeat(3_000)}`);
    try {
      journal.watch(state.task).save?.(state);
      saved.push(state.task.id);
    } catch (error) {
      refusal = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    }
  }
  const short = stateOf('short', 'https://a.example');
  journal.watch(short.task).save?.(short);
  return { saved, refusal };
};

const fillFile = async (): Promise<object> =>
  lastValueFrom(download(link, { directory, allowPrivateHosts: true })).then(
    (progress) => ({ progress }),
    (error: unknown) => (isDownloadError(error) ? { kind: error.kind, message: error.message } : { message: String(error) }),
  );

console.log(JSON.stringify(mode === 'journal' ? fillJournal() : await fillFile()));
