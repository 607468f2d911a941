/** `npm run pictures:plot`: writes docs/images/side-by-side.svg from docs/side-by-side.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { plot } from './plot.mjs';

const docs = new URL('../../docs/', import.meta.url);
writeFileSync(new URL('images/side-by-side.svg', docs), plot(readFileSync(new URL('side-by-side.md', docs), 'utf8')));
