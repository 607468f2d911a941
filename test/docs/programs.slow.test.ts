/**
 * The programs that the documentation shows run against src. What they find when they run is in world.ts.
 */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { matches, matchesInAnyOrder } from './output.js';
import { complaints, programs } from './pages.js';
import { buildPrograms, type Runner } from './run.js';

/** What does not compile is not run as well. */
const running = programs.filter(({ name, runs }) => runs && !complaints.has(name));

describe.skipIf(running.length === 0)('every program that can', () => {
  let runner: Runner | undefined;
  beforeAll(async () => {
    runner = await buildPrograms(running);
  }, 120_000);
  afterAll(() => runner?.close());

  it.concurrent.for(running.map((program) => [program.name, program] as const))(
    'runs: %s',
    { timeout: 90_000 },
    async ([, program], { expect }) => {
      const { complaint, output } = await runner!.run(program);
      expect(complaint).toBe('');
      const isShown = program.inAnyOrder ? matchesInAnyOrder : matches;
      if (program.output !== null && !isShown(output, program.output)) expect(output).toBe(program.output);
    },
  );
});
