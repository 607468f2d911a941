import fc from 'fast-check';
import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { account } from '../../src/client/account.js';
import { createTask } from '../../src/client/create-task.js';
import type { CreationRecord } from '../../src/client/creation-record.js';
import { createTaskClient } from '../../src/client/task-client.js';
import { ark } from '../../src/providers/ark.js';
import { creationsIn, memoryStore } from '../../src/queue/index.js';
import { played } from '../support/client.js';

const record: CreationRecord = { version: 1, key: 'order-1', provider: 'ark', account: null, sentAtMs: 1, bodyHash: 2, marker: null, outcome: null };

describe('creationsIn', () => {
  it('reads what was written, for any key', async () => {
    await fc.assert(fc.asyncProperty(fc.string({ minLength: 1 }), async (key) => {
      const creations = creationsIn(memoryStore());
      expect(await creations.read(key)).toBe(null);
      await creations.write({ ...record, key }, null);
      expect(await creations.read(key)).toEqual({ ...record, key });
    }));
  });

  it('lets one of two workers write', async () => {
    const store = memoryStore();
    const [a, b] = [creationsIn(store), creationsIn(store)];
    expect(await Promise.all([a.write(record, null), b.write({ ...record, sentAtMs: 5 }, null)])).toEqual([true, false]);
    const before = (await a.read('order-1')) as CreationRecord; // as it was written
    const outcome = { outcome: 'created', key: 'order-1', task: ark.task('cgt-1'), expected: { model: 'm', resolution: null, serviceTier: null, durationMs: null } } as const;
    expect(await b.write({ ...before, outcome }, before)).toBe(true);
    expect(await a.write({ ...before, sentAtMs: 9 }, before)).toBe(false);
  });

  it('makes two workers buy one video for a key', async () => {
    const store = memoryStore();
    let posts = 0;
    const own = account(ark, { apiKey: 'sk-0123456789abcdef' });
    const buy = () => firstValueFrom(createTask(createTaskClient({ transport: () => {
      posts += 1;
      return played({ body: { id: 'cgt-1' } });
    }, accounts: [own] }), own, { model: 'm', content: [{ type: 'text', text: 'a boat' }] }, { key: 'order-1', store: creationsIn(store), timeoutMs: 10 }));
    const [first] = [await buy(), await buy(), await buy()];
    expect(first).toMatchObject({ outcome: 'created', task: { id: 'cgt-1' } });
    expect(posts).toBe(1);
  });
});
