/** The bench's responses are like Ark's: a list is one page of the tasks that exist, and a text says the same as its task. */
import { expect, it } from 'vitest';
import { arkList, arkTask, arkTaskText } from './ark-responses.mjs';

const list = (query: string) => arkList(new URLSearchParams(query), (id) => (id.startsWith('cgt-') ? id : null));
const ids = (count: number) => Array.from({ length: count }, (_, index) => `filter.task_ids=cgt-${index}`).join('&');

it('leaves out an id that it does not know', () => {
  expect(list('filter.task_ids=cgt-1&filter.task_ids=task-2&page_size=10')).toEqual({ total: 1, items: ['cgt-1'] });
});

it.each([[`${ids(20)}&page_size=7`, 7], [ids(20), 10], [`${ids(20)}&page_size=100`, 20], [`${ids(20)}&page_size=15&page_num=2`, 5]])('gives one page of %s', (query, length) => {
  const { total, items } = list(query);
  expect(items).toHaveLength(length);
  expect(total).toBe(20);
});

it('has no task of another tier, and none twice', () => {
  expect(list(`${ids(3)}&filter.service_tier=flex`).items).toEqual([]);
  expect(list(`${ids(3)}&${ids(3)}&filter.service_tier=default`).items).toHaveLength(3);
});

it.each(['queued', 'running', 'succeeded'] as const)('writes the text of a task that is %s', (status) => {
  expect(JSON.parse(arkTaskText(status, 1_000)('cgt-1'))).toEqual(arkTask('cgt-1', status, 1_000));
});
