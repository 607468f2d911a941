import { describe, expect, it } from 'vitest';
import { knownProviders } from '../../src/cli/known-providers.js';
import { providersTable } from '../../src/cli/providers-command.js';
import { widthOf } from '../../src/cli/terminal-text.js';

const variables = { ARK_API_KEY: 'sk-1234567890ab', ARK_BASE_URL: 'http://localhost:1' };

describe('the table of providers', () => {
  it('has all columns where there is room', () => {
    const [titles, , ark] = providersTable(variables, Infinity);
    expect(titles?.split(/ {2,}/)).toEqual(['id', 'name', 'base URL', 'polled every', 'never below', 'task kept', 'video kept', 'key', 'key is']);
    expect(ark?.split(/ {2,}/)).toEqual(['ark', 'Volcengine Ark, BytePlus ModelArk', 'http://localhost:1', '10–20 s, up to 120 s before the expected end', '10 s', '7 days', '1 day', 'ARK_API_KEY', 'set']);
  });

  it.each([20, 40, 80, 120])('is at most %d columns wide, and drops columns that do not fit', (columns) => {
    const lines = providersTable(variables, columns);
    expect(lines).toHaveLength(1 + knownProviders.length);
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns);
    expect(lines[0]).toMatch(columns < 80 ? /^id +/ : /^id .*key +key is$/);
  });

  it('drops the ids last, and before them the names of the variables', () => {
    expect(providersTable(variables, 80)[0]?.split(/ {2,}/)).toEqual(['id', 'task kept', 'video kept', 'key', 'key is']);
    expect(providersTable(variables, 12)).toEqual(['id', ...knownProviders.map(({ id }) => id)]);
  });
});
