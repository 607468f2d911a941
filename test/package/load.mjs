/** The same as load.cjs, with `import`. */
import { loadAll } from './load.cjs';

console.log(JSON.stringify(await loadAll((specifier) => import(specifier))));
