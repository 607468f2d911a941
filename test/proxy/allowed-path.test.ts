import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ark } from '../../src/providers/ark.js';
import { anyfast } from '../../src/providers/anyfast.js';
import { kyyaipower } from '../../src/providers/kyyaipower.js';
import { powertokens } from '../../src/providers/powertokens.js';
import { xingchao } from '../../src/providers/xingchao.js';
import { yescale } from '../../src/providers/yescale.js';
import { allowedPath } from '../../src/proxy/allowed-path.js';

const providers = [ark, powertokens, yescale, kyyaipower, xingchao, anyfast];
const anyId = fc.stringMatching(/^[\w:@=+~,-][\w.:@=+~,-]{0,30}$/);

describe.each(providers)('the paths of $id', (provider) => {
  it('are those of its tasks', () => {
    fc.assert(fc.property(anyId, (id) => {
      const path = provider.path.replace('{id}', encodeURIComponent(id));
      expect(allowedPath(provider, path)).toBe(path);
    }));
  });

  it('are its lists of tasks by their ids', () => {
    fc.assert(fc.property(fc.array(anyId, { minLength: 1, maxLength: 20 }), fc.constantFrom(null, 'default', 'flex'), (ids, tier) => {
      const path = provider.list?.pathOf(ids, tier) ?? `/list?ids=${ids.join()}`;
      expect(allowedPath(provider, path)).toBe(provider.list === null ? null : path);
    }));
  });

  it('hold no dot segment, no slash and no escape of them', () => {
    for (const id of ['.', '..', '%2e%2e', '..%2f..', '%5c', 'a/b', 'a%2fb', '%252e%252e', '%00', '%', '', ' ', 'é', '%C3%A9']) expect(allowedPath(provider, provider.path.replace('{id}', id)), id).toBeNull();
  });

  it('are no other text', () => {
    fc.assert(fc.property(fc.string(), (text) => { expect(allowedPath(provider, text)).toBeNull(); }));
  });
});

it('a path after the id belongs to the path of a task', () => {
  const routes = { path: '/tasks/{id}/result', list: null };
  expect(allowedPath(routes, '/tasks/a-1/result')).toBe('/tasks/a-1/result');
  for (const path of ['/tasks/a-1', '/tasks//result', '/tasks/result', '/tasks/a-1/resultx']) expect(allowedPath(routes, path)).toBeNull();
});
