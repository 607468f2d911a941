/**
 * The arguments and the help of `rx-seedance simulate` and `completion`, which reach no provider.
 */
import { Argument } from 'commander';
import { type Shell, shells, type SimulateArguments } from './arguments.js';
import { integerFrom, numberThat, outcomeWeights } from './option-values.js';
import { type Definition, path, valued } from './options.js';
import { UsageError } from './usage-error.js';

export const localDefinitions: readonly Definition[] = [
  {
    name: 'simulate',
    description: 'Simulates every provider over HTTP on this machine, until Ctrl-C. Prints keys and base URLs on stdout as a .env file.',
    options: {
      'Options:': [
        valued('port', '--port <n>', 'default: any free port', integerFrom(0, 65_535)).default(undefined),
        valued('speed', '--speed <n>', 'run the simulator\'s clock at n× real time; default: 1. With the .env file, watch and query use the same clock: every duration is shorter, also the 10 s between two polls', numberThat('a number ≥ 1', (value) => value >= 1)).default(1),
        valued('seed', '--seed <n>', 'the seed for ids, scenarios and faults; default: 1', integerFrom(0)).default(undefined),
        valued('faults', '--fault-rate <rate>', 'the share of polls with a fault: 0 to 1; default: 0', (text, option) => ({ rate: numberThat('a number from 0 to 1', (value) => value >= 0 && value <= 1)(text, option) })).default(undefined),
        valued('outcomes', '--outcomes <weights>', 'what becomes of tasks, such as succeeds=9,fails=1; default: all succeed', outcomeWeights).default(undefined),
        valued('tasks', '--tasks <n>', 'start n tasks at once, spread over the providers', integerFrom(1, 100_000)).default(0),
        valued('tasksFile', '--tasks-file <file>', 'write their ids to this file, for watch --file', path),
      ],
    },
    ending: `Examples:
  rx-seedance simulate --speed 60 --tasks 12 \\
    --tasks-file sim.tasks > sim.env

and, in another terminal:
  rx-seedance watch --file sim.tasks \\
    --env sim.env --download videos`,
    parsed: ({ tasks, tasksFile, ...options }: SimulateArguments['options'] & Omit<SimulateArguments, 'kind' | 'options'>): SimulateArguments => {
      if (tasksFile !== null && tasks === 0) throw new UsageError('--tasks-file needs --tasks N, the number of tasks to write');
      return { kind: 'simulate', options, tasks, tasksFile };
    },
  },
  {
    name: 'completion',
    description: 'Prints a script for a shell that completes commands, options, providers and files.',
    argument: new Argument('<shell>', `one of ${shells.join(', ')}`).choices(shells),
    ending: `In ~/.bashrc:
  eval "$(rx-seedance completion bash)"

In ~/.zshrc, after compinit:
  eval "$(rx-seedance completion zsh)"

In ~/.config/fish/config.fish:
  rx-seedance completion fish | source`,
    parsed: (shell: Shell) => ({ kind: 'completion', shell }),
  },
];
