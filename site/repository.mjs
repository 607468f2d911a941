/**
 * Where the repository is, as `package.json` says. No remote of git is asked, so every clone builds the same pages.
 */
import { readFileSync } from 'node:fs';

/** @type {{ readonly repository: { readonly url: string } }} */
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/** The page of the repository, without a slash at its end. */
export const repository = manifest.repository.url.replace(/^git\+|\.git$/g, '');

/** The page of a file or folder, by its path from the root. */
export const sourceOf = (/** @type {string} */ path) => `${repository}/blob/main/${path}`;
