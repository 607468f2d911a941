import { Subject } from 'rxjs';
import { expect, it } from 'vitest';
import type { EndSignal } from '../../src/cli/signals.js';
import { run } from './console.js';

it('a signal while a command starts ends it, too', async () => {
  const signals = new Subject<EndSignal>();
  const simulated = run(['simulate'], { signals });
  signals.next('SIGTERM'); // it does not listen to its port yet
  expect((await simulated).code).toBe(0);
  expect(signals.observed).toBe(false);
});
