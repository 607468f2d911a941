import { describe, expect, it } from 'vitest';
import { releasedAs } from '../changelog.mjs';

const intro = '# Changelog\n\nWhat changes for users.\n\n';
const older = '## [0.1.0] - 2026-01-31\n\n### Added\n\n- The first entry.\n';

describe('a release in the changelog', () => {
  it('puts the unreleased entries under the version and its date, above the older versions', () => {
    expect(releasedAs(`${intro}## [Unreleased]\n\n### Fixed\n\n- A bug.\n\n${older}`, '0.2.0', '2026-03-01'))
      .toBe(`${intro}## [Unreleased]\n\n## [0.2.0] - 2026-03-01\n\n### Fixed\n\n- A bug.\n\n${older}`);
  });

  it('can be the first', () => {
    expect(releasedAs(`${intro}## [Unreleased]\n\n- All of it.\n`, '0.1.0', '2026-01-31')).toBe(`${intro}## [Unreleased]\n\n## [0.1.0] - 2026-01-31\n\n- All of it.\n`);
  });

  it.each([
    ['without entries', `## [Unreleased]\n\n${older}`],
    ['with an empty section at the end', '## [Unreleased]\n'],
    ['without the section', older],
  ])('throws for a changelog %s', (_, sections) => {
    expect(() => releasedAs(intro + sections, '0.2.0', '2026-03-01')).toThrow('CHANGELOG.md has no entries under "## [Unreleased]".');
  });

  it('throws for a version that has a section', () => {
    expect(() => releasedAs(`${intro}## [Unreleased]\n\n- A bug.\n\n${older}`, '0.1.0', '2026-03-01')).toThrow('CHANGELOG.md already has a section for 0.1.0.');
  });
});
