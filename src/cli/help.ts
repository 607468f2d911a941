/**
 * The help texts: what each command does, its options, and an example. Pure.
 */
import type { CommandName } from './arguments.js';
import { knownProviders } from './known-providers.js';

const overall = `Creates Seedance video-generation tasks, follows them to their ends, and saves their videos before the links expire.

  rx-seedance create <provider>        create a task, once, and print its id
  rx-seedance watch <provider:id>…     follow tasks, and save their videos with --download
  rx-seedance query <provider:id>      poll once, and print the result as JSON
  rx-seedance list <provider>          list the tasks of an account
  rx-seedance cancel <provider:id>…    cancel tasks that are still queued
  rx-seedance providers [ID]           list the providers, and which keys are set; or every fact of one provider
  rx-seedance simulate                 run a server that simulates every provider

  -h, --help       show this help, or the help of a command
  -V, --version

Providers: ${knownProviders.map(({ id }) => id).join(', ')}
Keys come from variables such as ANYFAST_API_KEY, or from a file named with --env. They cannot be arguments.

Example:
  ANYFAST_API_KEY=… rx-seedance watch anyfast:asyntask_9f3a --download videos`;

const access = `      --env FILE           a .env file with keys (ANYFAST_API_KEY=…) and base URLs (ANYFAST_BASE_URL=…);
                           environment variables override it. No .env file is read without this option
      --base-url URL       another base URL; provider=URL when there are several providers. Repeatable
      --max-body MIB       the largest response of a provider, in MiB`;

const texts: Readonly<Record<CommandName, string>> = {
  create: `rx-seedance create <provider> --prompt TEXT --model MODEL [options]
rx-seedance create <provider> --body FILE [options]

Creates one task, which costs money, and prints it as provider:id on stdout. The request is sent once, whatever happens to the
connection. If stdin and stderr are terminals, asks before; otherwise creates at once.

      --prompt TEXT        what the video shows
      --model MODEL        a model, as the provider names it
      --resolution NAME    such as 720p; the models of kyyaipower and xingchao have it in their names
      --duration SECONDS   of the video
      --body FILE          the provider's own JSON, sent as it is. FILE may be - for stdin
      --yes                do not ask
      --watch              go on as watch, until the task has finished; with --deadline as there
      --download DIR       go on as watch --download DIR; with --last-frame as there
      --journal DIR        remember the purchase in this directory; default: the --download directory
      --purchase NAME      what this purchase is for, such as the number of an order: the same command with the same
                           journal never creates a second task. Default: a random name, printed on stderr
      --json               print the outcome as one line of JSON on stdout, and the events of --watch after it
${access}

Exit codes: 0 created (with --watch: and succeeded, with --download: and saved), 1 the task did not succeed or is not saved,
2 wrong usage, 3 no task was created: the provider refused, or the answer was not y, 4 the outcome is unknown: a task may exist
and be billed, 130 interrupted.

Example:
  rx-seedance create ark --model doubao-seedance-1-5-pro-251215 --prompt 'a paper boat' --env .env --download videos`,

  watch: `rx-seedance watch <provider:id>… [options]

Follows tasks until each has finished. With --download it saves every video as soon as it is ready. After an interruption,
run the same command again: it does not poll finished tasks or download saved videos again.

      --file FILE          more tasks, one provider:id a line; a tab and # begin comments. FILE may be - for stdin
  -                        more tasks from stdin, watched as soon as their lines arrive
      --all PROVIDER       every task that is queued or running on the account now. Repeatable
      --download DIR       save the videos in this directory
      --last-frame         save the last frame of each video, too, if its task has one
      --journal DIR        keep the state of each task in this directory; default: the --download directory.
                           Without any task, resumes all tasks of the journal, and shows again those that have
                           finished
      --json               print one event a line on stdout
      --deadline DURATION  stop watching a task after this time, such as 90s, 30m or 1h30m
                           (default: the provider's own deadline for it, else 2 h; flex: 50 h).
                           With a simulator at --speed 60 it is simulated time: 60m take 1 min
      --concurrency N      requests in flight at once (default: 64)
${access}

Draws a live board on stderr if that is a terminal, else prints one line for each change. If stdout is not a terminal, it gets
one line for each finished task: provider:id, tab, how it ended, tab, the saved file (or the link, or the reason).
Exit codes: 0 all succeeded (and are saved), 1 some did not, 2 wrong usage, 130 interrupted.

Example:
  rx-seedance watch ark:cgt-20260427-abcde anyfast:asyntask_9f3a --env .env --download videos`,

  query: `rx-seedance query <provider:id> [options]

Polls once and prints the result as JSON. Exit code 0 on success.

      --raw                include the provider's response body, as "raw"
${access}

Example:
  rx-seedance query ark:cgt-20260427-abcde --env .env`,

  list: `rx-seedance list <provider> [options]

Prints the tasks that the provider still lists (Ark: those of the last 7 days), in one line each. If stdout is not a terminal, its
fields are separated by tabs: provider:id, status, model, time of creation. watch reads these lines.

      --status LIST        only tasks with one of these statuses, such as queued,running
      --json               print the snapshot of each task as one line of JSON
${access}

Exit codes: 0 listed, 1 the list failed, 2 wrong usage, 130 interrupted.

Example:
  rx-seedance list ark --status succeeded --env .env | rx-seedance watch - --env .env --download videos`,

  cancel: `rx-seedance cancel <provider:id>… [options]

Cancels tasks while they are queued, and never deletes the record of a task that has ended. Prints one line for each task,
separated by tabs: provider:id, what became of it, and why it is not cancelled:

  cancelled        the provider has cancelled the task
  already-ended    it had ended before, and with which status
  running          it runs, and no provider cancels a running task
  unsupported      the provider documents no way to cancel, and nothing was sent
  errored          its state could not be found out: it may be cancelled or not

      --json               print one outcome a line, with the snapshot of the task, as JSON
${access}

Exit codes: 0 all are cancelled, now or before; 1 some are not; 2 wrong usage; 130 interrupted.

Example:
  rx-seedance cancel ark:cgt-20260427-abcde --env .env`,

  providers: `rx-seedance providers [ID] [options]

Prints every provider with its base URL, its polling interval, how long it keeps tasks and videos, and whether its key is set.
With an ID, prints every documented fact of that provider: addresses, status words, the default polling, expected times, tiers,
refunds, retention and lists.

      --json               print JSON: all facts of every provider, or of one. Times are in ms; null is undocumented
      --env FILE           a .env file with more keys

Example:
  rx-seedance providers --env .env
  rx-seedance providers kyyaipower`,

  simulate: `rx-seedance simulate [options]

Simulates every provider over HTTP on this machine until Ctrl-C. Prints keys and base URLs on stdout as a .env file.

      --port N             default: any free port
      --speed N            run the simulator's clock at N× real time (default: 1). With the .env file, watch and query
                           use the same clock: every duration is shorter, also the 10 s between two polls
      --seed N             the seed for ids, scenarios and faults (default: 1)
      --fault-rate RATE    the share of polls with a fault: 0 to 1 (default: 0)
      --tasks N            start N tasks at once, spread over the providers
      --tasks-file FILE    write their ids to this file, for watch --file FILE
      --outcomes WEIGHTS   what becomes of tasks, such as succeeds=9,fails=1 (default: all succeed)

Example:
  rx-seedance simulate --speed 60 --tasks 12 --tasks-file sim.tasks > sim.env

and, in another terminal:
  rx-seedance watch --file sim.tasks --env sim.env --download videos`,
};

/** The help text of one command, or of the program. */
export const helpText = (about: CommandName | null): string => (about === null ? overall : texts[about]);
