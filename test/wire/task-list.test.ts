import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arkList } from '../../src/wire/task-list.js';

describe('arkList', () => {
  const { pathOf } = arkList('/contents/generations/tasks');

  it('requests one page with the tasks of these ids, in the default tier or in another', () => {
    expect(pathOf(['a'], null)).toBe('/contents/generations/tasks?page_num=1&page_size=1&filter.task_ids=a');
    expect(pathOf(['a', 'b'], 'flex')).toBe(
      '/contents/generations/tasks?page_num=1&page_size=2&filter.task_ids=a&filter.task_ids=b&filter.service_tier=flex',
    );
  });

  it('has the documented limits: 500 tasks a page, of the last 7 days', () => {
    expect(arkList('/tasks')).toMatchObject({ maxTasks: 500, windowMs: 7 * 86_400_000 });
  });

  it('encodes any ids and any tier without loss', () => {
    fc.assert(fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }), fc.option(fc.string({ unit: 'binary' })), (ids, tier) => {
      const { searchParams, hash } = new URL(`https://x.example${pathOf(ids, tier)}`);
      expect(searchParams.getAll('filter.task_ids')).toEqual(ids);
      expect(searchParams.getAll('filter.service_tier')).toEqual(tier === null ? [] : [tier]);
      expect(searchParams.get('page_size')).toBe(String(ids.length));
      expect(hash).toBe('');
    }));
  });
});
