/**
 * Questions of one account that fall due close together, asked in one request for a list of tasks. Whatever a list does not answer
 * is asked singly, so that nobody can tell from the answers whether there was a list.
 */
import { type Either, isLeft, left } from 'fp-ts/Either';
import { concat, defer, finalize, map, mergeMap, type Observable, of, share } from 'rxjs';
import { rest } from '../poll/rest.js';
import type { TaskRef } from '../task/snapshot.js';
import type { Gate } from '../transport/gate.js';
import type { HttpResponse } from '../transport/transport.js';
import { noHints } from '../wire/facts.js';
import type { Provider } from '../wire/provider.js';
import { type ReadFailure, reasonOfStatus } from '../wire/refusal.js';
import type { Account } from './account.js';
import { type Answer, type Ask, pathOf, type Question, type Send } from './question.js';
import type { Trouble } from '../state/watch-state.js';

/** The longest URL, in characters. Servers and proxies take 8 kB. */
const longestUrl = 6_000;

/** The most tasks that a page of a list holds. */
const largestPage = 500;

/** What lists are made of. */
interface Ways {
  readonly send: Send;
  readonly askSingly: Ask;
  /** Whether other tasks are watched. */
  readonly hasCompany: () => boolean;
}

/** Questions of one tier behind one gate. Until it leaves, others may join it. */
interface Batch {
  readonly serviceTier: string | null;
  readonly gate: Gate;
  readonly questions: Set<Question>;
  urlLength: number;
  /** What becomes of each question. */
  readonly outcome: Observable<Ask>;
}

/**
 * Asks by lists, where the provider documents one. While `hasCompany` denies that there are other tasks, questions leave at once.
 *
 *     due      a-b--c---------d-------
 *     sent     -----(abc)-----------d-     a tenth of the floor after the first; one task alone is asked for singly
 *
 * A task that a list leaves out is asked for singly at once, and from then on; so is, once, one whose last answer was a trouble. The
 * first refusal of the list (`isRefusal`), or the second answer in a row that is none, ends it for good.
 */
export const askByLists = ({ provider, baseUrl }: Account, { send, askSingly, hasCompany }: Ways): Ask => {
  const { list } = provider;
  if (list === null) return askSingly;
  const open = new Set<Batch>();
  /** The tasks that a list of their tier has left out. */
  const unlisted = new WeakMap<TaskRef, string | null>();
  let isRefused = false;
  let unreadable = 0;

  const lengthOf = (ids: readonly string[], serviceTier: string | null): number => list.pathOf(ids, serviceTier).length;

  const openBatch = ({ serviceTier, gate, dueAtMs }: Question): Batch => {
    const questions = new Set<Question>();
    let leaving: readonly Question[] = [];
    const leave = (): string | null => {
      open.delete(batch);
      leaving = [...questions].filter((question) => question.leave());
      const [first] = leaving;
      if (first === undefined) return null;
      return leaving.length === 1 ? pathOf(provider.path, first.task) : list.pathOf(leaving.map(({ task }) => task.id), serviceTier);
    };
    const request = send({ dueAtMs, gate, leave });
    const batch: Batch = {
      serviceTier,
      gate,
      questions,
      urlLength: baseUrl.length + lengthOf([], serviceTier),
      outcome: (hasCompany() ? concat(rest(windowOf(provider, serviceTier)), request) : request).pipe(
        map((sent) => outcomeOf(sent, leaving)),
        finalize(() => open.delete(batch)),
        share(),
      ),
    };
    open.add(batch);
    return batch;
  };

  const batchFor = (question: Question): Batch => {
    const { serviceTier, gate, task } = question;
    const more = lengthOf([task.id], serviceTier) - lengthOf([], serviceTier);
    const hasRoom = (batch: Batch): boolean =>
      batch.serviceTier === serviceTier && batch.gate === gate && batch.questions.size < largestPage && batch.urlLength + more <= longestUrl;
    const batch = [...open].find(hasRoom) ?? openBatch(question);
    batch.urlLength += more;
    batch.questions.add(question);
    return batch;
  };

  const outcomeOf = (sent: Either<Trouble, HttpResponse>, questions: readonly Question[]): Ask => {
    if (isLeft(sent)) return () => of(sent);
    const response = sent.right;
    if (questions.length === 1) return ({ task }) => of(provider.read(task, response));
    const answers = provider.readList(questions.map(({ task }) => task), response);
    if (isLeft(answers)) {
      const failure = answers.left;
      if (isPassing(failure)) return () => of(left(failure));
      unreadable += 1;
      isRefused ||= unreadable > 1 || isRefusal(failure);
      return askSingly;
    }
    unreadable = 0;
    return (question) => {
      const answer: Answer | undefined = answers.right.get(question.task);
      if (answer !== undefined) return of(answer);
      unlisted.set(question.task, question.serviceTier);
      return askSingly(question);
    };
  };

  return (question) =>
    defer(() => {
      const { task, serviceTier, isTroubled } = question;
      if (isRefused || isTroubled || unlisted.get(task) === serviceTier) return askSingly(question);
      const batch = batchFor(question);
      return batch.outcome.pipe(
        finalize(() => batch.questions.delete(question)),
        mergeMap((answer) => answer(question)),
      );
    });
};

/** A question waits for company for a tenth of the floor: what falls due in the meantime goes with it. */
const windowOf = ({ pacing }: Provider, serviceTier: string | null): number =>
  Math.ceil(pacing({ ...noHints, serviceTier }).floorMs / 10);

/** Whether a list that is no list would be one if it were asked for again; a task asked for singly would have had the same trouble. */
const isPassing = (failure: ReadFailure): boolean => {
  if (failure.kind === 'decode') return false;
  const { reason } = failure;
  return reason === 'unauthorized' || reason === 'rate-limited' || reason === 'quota' || (reason === 'server' && !isRefusal(failure));
};

/** Whether the server says that it has no such list: by 501, by a redirect, by a 4xx that does not pass, or in its own words. */
const isRefusal = (failure: ReadFailure): boolean => {
  if (failure.kind === 'decode' || failure.reason === 'empty') return false;
  const { status, reason } = failure;
  return reason === 'rejected' || status === 501 || (status >= 300 && status < 500 && reasonOfStatus(status) !== 'server');
};
