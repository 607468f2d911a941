/**
 * The contract of every provider for the largest and the deepest responses, which cost a second each: one provider of each dialect reads them.
 */
import { describe, expect, it } from 'vitest';
import { providerFiles as files, providerOf } from './fixtures.js';
import { readerOf } from './valid-reading.js';

const oneOfEachDialect = files.filter((file, index) => files.findIndex((other) => providerOf(other).dialect === providerOf(file).dialect) === index);

describe.each(oneOfEachDialect)('reading with the dialect of %s never throws', (file) => {
  const { task, provider, check } = readerOf(file);

  it.each(['{"data":', '{"code":"success","data":', '[', '{"status":"succeeded","content":', '{"error":'])('for a hundred thousand levels of %s', (open) => {
    const close = open === '[' ? ']' : '}';
    for (const levels of [64, 65, 100_000]) {
      const body = `${open.repeat(levels)}null${close.repeat(levels)}`;
      check(body);
      check(body, 400);
      if (levels > 64) expect(provider.read(task, { status: 200, headers: {}, body })).toMatchObject({ left: { kind: 'decode' } });
      check(open.repeat(levels));
    }
  });

  it('for a response of the largest size', () => {
    const many = (item: string): string => Array.from({ length: Math.floor(1_000_000 / (item.length + 1)) }, () => item).join();
    check(`{"status":"succeeded","content":[${many('{}')}]}`);
    check(`{"status":"succeeded","data":{"status":"succeeded","content":[${many('{}')}]}}`);
    check(`{"status":"failed","tools":[${many('{"type":"a"}')}]}`);
    check(`{"status":${'9'.repeat(1_000_000)}}`);
  });
});
