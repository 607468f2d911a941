/**
 * A program that creates a task for each key with the journal as its store, watches the tasks and saves their videos, and prints what happens as
 * lines of JSON. Everything is retried and repeated, as an anxious user would. It is killed and started again until a run ends.
 */
import { defer, filter, from, ignoreElements, last, map, mergeMap, type Observable, repeat, retry, takeWhile, tap, timer } from 'rxjs';
import { type Account, account, createTask, createTaskClient, type CreateOutcome, watchTasks } from 'rx-seedance';
import { openJournal, saveVideos } from 'rx-seedance/node';
import { anyfast } from 'rx-seedance/providers/anyfast';
import { ark } from 'rx-seedance/providers/ark';
import { powertokens } from 'rx-seedance/providers/powertokens';
import { atSpeed } from 'rx-seedance/simulator';
import { undiciTransport } from 'rx-seedance/undici';

/** Ark and PowerTokens list their tasks and echo the marker; AnyFast does neither. */
export type Shop = 'ark' | 'powertokens' | 'anyfast';

/** What the program gets as its only argument. */
export interface ShopOptions {
  readonly directory: string;
  readonly apiKey: string;
  readonly baseUrls: Readonly<Record<Shop, string>>;
  readonly speed: number;
  readonly originMs: number;
  readonly orders: readonly { readonly provider: Shop; readonly key: string }[];
}

/** What it prints. */
export type ShopEvent =
  | { readonly kind: 'opened'; readonly unfinished: readonly string[] }
  | { readonly kind: 'outcome'; readonly key: string; readonly outcome: CreateOutcome['outcome']; readonly id: string | null }
  | { readonly kind: 'saved' | 'not-saved'; readonly id: string; readonly error: string | null };

const print = (event: ShopEvent): void => { console.log(JSON.stringify(event)); };

const bodyOf = (key: string) => ({ model: 'doubao-seedance-1-5-pro-251215', content: [{ type: 'text', text: `a boat for ${key}` }], safety_identifier: key }) as const;

const { directory, apiKey, baseUrls, speed, originMs, orders } = JSON.parse(process.argv[2] ?? '') as ShopOptions; // the test passes them

const own = {
  ark: account(ark, { apiKey, baseUrl: baseUrls.ark }),
  powertokens: account(powertokens, { apiKey, baseUrl: baseUrls.powertokens }),
  anyfast: account(anyfast, { apiKey, baseUrl: baseUrls.anyfast }),
};
const scheduler = atSpeed(speed, originMs);
const client = createTaskClient({ transport: undiciTransport(), accounts: Object.values(own), scheduler });
const journal = openJournal(directory, { scheduler });
const isUnfinished = (record: unknown): boolean => record !== null && (record as { readonly outcome: unknown }).outcome === null; // a record of the journal
print({ kind: 'opened', unfinished: orders.map(({ key }) => key).filter((key) => isUnfinished(journal.creations.read(key))) });

/** An outcome after which the key may be tried again: nothing was bought, or the list that would tell has failed. */
const isOpen = (outcome: CreateOutcome, { provider }: Account): boolean =>
  outcome.outcome === 'rejected' || (outcome.outcome === 'unknown' && outcome.candidates === null && provider.list !== null);

const outcomesOf = (key: string, from: Account<Shop>): Observable<CreateOutcome<Shop>> =>
  createTask(client, from, bodyOf(key), { key, store: journal.creations, isMarked: true }).pipe(
    retry(5),
    repeat(2),
    tap((outcome) => { print({ kind: 'outcome', key, outcome: outcome.outcome, id: outcome.outcome === 'created' ? outcome.task.id : null }); }),
    repeat({ delay: () => timer(2000, scheduler) }),
    takeWhile((outcome) => isOpen(outcome, from), true),
    last(),
  );

defer(() => from(orders)).pipe(
  mergeMap(({ provider, key }) => outcomesOf(key, own[provider]), 6),
  filter((outcome) => outcome.outcome === 'created'),
  map(({ task }) => task),
  watchTasks(client, { watch: journal.watch }),
  saveVideos({ directory, client, allowPrivateHosts: true }),
  tap((event) => {
    if (event.kind === 'saved' || event.kind === 'not-saved') print({ kind: event.kind, id: event.task.id, error: event.kind === 'not-saved' ? `${event.reason} ${String(event.error)}` : null });
  }),
  retry(5),
  repeat(2),
  ignoreElements(),
).subscribe({ complete: journal.close });
