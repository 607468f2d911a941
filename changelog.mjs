/**
 * Puts the unreleased entries of CHANGELOG.md under the version that `npm version` is about to set: see `npm run release`.
 */
import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Puts the unreleased entries under a version and its date. Throws if there are no entries, or if the version has a section already.
 *
 * @param {string} changelog
 * @param {string} version
 * @param {string} date
 */
export const releasedAs = (changelog, version, date) => {
  const [, heading, entries = ''] = /^(## \[Unreleased\]\n)((?:(?!^## )[^])*)/m.exec(changelog) ?? [];
  if (heading === undefined || entries.trim() === '') throw new RangeError('CHANGELOG.md has no entries under "## [Unreleased]".');
  if (changelog.includes(`\n## [${version}]`)) throw new RangeError(`CHANGELOG.md already has a section for ${version}.`);
  return changelog.replace(heading, `${heading}\n## [${version}] - ${date}\n`);
};

if (process.argv[1] === import.meta.filename) {
  const path = new URL('CHANGELOG.md', import.meta.url);
  const { npm_new_version: version } = process.env;
  if (version === undefined) throw new Error('`npm run release` runs this.');
  writeFileSync(path, releasedAs(readFileSync(path, 'utf8'), version, new Date().toISOString().slice(0, 10)));
}
