/**
 * The help texts: what each command does, its options, and an example that works. Pure.
 */
import type { CommandName } from './arguments.js';
import { knownProviders } from './known-providers.js';

const overall = `Follows Seedance video-generation tasks to their ends, and saves their videos before the links die.

  rx-seedance watch <provider:id>…     follow tasks, and save their videos with --download
  rx-seedance query <provider:id>      ask once, and print the answer as JSON
  rx-seedance providers                the providers, their pace, and which keys are set
  rx-seedance simulate                 a server that plays every provider, to try things out

  -h, --help       this text; after a command, that command's
  -V, --version

Providers: ${knownProviders.map(({ id }) => id).join(', ')}
Keys come from variables such as ANYFAST_API_KEY, or from a file named by --env-file; never from an argument.

Example:
  ANYFAST_API_KEY=… rx-seedance watch anyfast:asyntask_9f3a --download videos`;

const access = `      --env-file FILE      a .env file with keys (ANYFAST_API_KEY=…) and addresses (ANYFAST_BASE_URL=…);
                           variables of the environment go before it
      --base-url URL       another address; provider=URL when there are several providers. Repeatable`;

const texts: Readonly<Record<CommandName, string>> = {
  watch: `rx-seedance watch <provider:id>… [options]

Follows tasks until each has ended. With --download every video is saved as soon as it is there. Run the same command again
after whatever stopped it: what has ended is not asked again, what is saved is not fetched again.

      --file FILE          further tasks, one provider:id a line; # begins a comment. FILE may be - for stdin
  -                        tasks from stdin, watched as their lines come
      --download DIR       save the videos here
      --journal DIR        remember here where each task stands; default: the --download directory.
                           With a journal and no task named, all of its tasks are gone on with, and those that
                           have ended are shown again
      --json               one event a line on stdout
      --deadline DURATION  give a task up after this long, such as 90s, 30m or 1h30m
                           (default: the provider's own deadline for it, else 2 h; flex: 50 h).
                           With a simulator at --speed N: simulated time, so 60m take 1 min at 60
      --concurrency N      requests in flight at once (default: 64)
${access}

On a terminal a live board is drawn on stderr, elsewhere a line for each change. When stdout is no terminal it gets one line
for each task that is over: provider:id, tab, how it ended, tab, the saved file (or the link, or the reason).
Exit codes: 0 all succeeded (and are saved), 1 some did not, 2 wrong usage, 130 interrupted.

Example:
  rx-seedance watch ark:cgt-20260427-abcde anyfast:asyntask_9f3a --env-file .env --download videos`,

  query: `rx-seedance query <provider:id> [options]

Asks once and prints the answer as JSON. Exit code 0 when there was one.

      --raw                with the provider's own body, under "raw"
${access}

Example:
  rx-seedance query ark:cgt-20260427-abcde --env-file .env`,

  providers: `rx-seedance providers [options]

Prints every provider with its address, how often it is asked, how long it keeps tasks and videos, and whether its key is set.

      --json               as JSON
      --env-file FILE      a .env file to look for keys in, too

Example:
  rx-seedance providers --env-file .env`,

  simulate: `rx-seedance simulate [options]

Plays every provider over HTTP on this machine until Ctrl-C. Prints keys and addresses on stdout as a .env file.

      --port N             default: any free port
      --speed N            run the simulator's clock at N× real time (default: 1). Its output tells watch and query,
                           which then live in the same time: every duration, the 10 s between two requests too
      --seed N             decides ids, plans and faults (default: 1)
      --fault-rate RATE    how many questions meet a fault: 0 to 1 (default: 0)
      --tasks N            start N tasks at once, spread over the providers
      --tasks-file FILE    write their ids there, for watch --file FILE
      --fates WEIGHTS      what becomes of tasks, such as succeeds=9,fails=1 (default: all succeed)

Example:
  rx-seedance simulate --speed 60 --tasks 12 --tasks-file sim.tasks > sim.env &
  rx-seedance watch --file sim.tasks --env-file sim.env --download videos`,
};

/** The help of one command, or of all. */
export const helpText = (about: CommandName | null): string => (about === null ? overall : texts[about]);
