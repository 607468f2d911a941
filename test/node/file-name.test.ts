import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FileFormat, picture, video } from '../../src/node/file-format.js';
import { extensionOf, linkFileName, taskFileName } from '../../src/node/file-name.js';
import { taskKey, type TaskRef } from '../../src/task/snapshot.js';

const hostile = ['..', '.', '/', '\\', '../../etc/passwd', 'C:\\boot.ini', '\0', 'a\0b', '~', '-rf', '.hidden', 'con', 'nul.mp4', 'a:b', 'a*b?', ' ', 'a b', 'ä', '任务', '👩‍🚀', '\u202e4pm', '\n', '%2e%2e', 'a~0123456789ab'];
const anyId = fc.oneof(fc.constantFrom(...hostile), fc.string({ minLength: 1, unit: 'binary' }), fc.string({ minLength: 1, maxLength: 400 }), fc.stringMatching(/^[a-c.-]{1,6}$/));
const anyTask: fc.Arbitrary<TaskRef> = fc.oneof(
  fc.record({ provider: fc.constantFrom('ark', 'ark-a', 'a', 'A/b'), id: anyId }),
  fc.record({ provider: fc.constantFrom('ark', 'ark-a', 'a'), id: anyId, account: fc.oneof(anyId, fc.constantFrom('a', 'b', 'ark')) }),
);

describe('the name of a task\'s files', () => {
  it('is one safe segment for any ref', () => {
    fc.assert(fc.property(anyTask, (task) => {
      const name = taskFileName(task);
      expect(name).toMatch(/^[A-Za-z0-9][A-Za-z0-9._~-]*$/);
      expect(name).not.toContain('..');
      expect(name.endsWith('.')).toBe(false);
      expect(name.length).toBeLessThanOrEqual(150);
    }));
  });

  it('differs from that of any other task, even on a file system that ignores case', () => {
    fc.assert(fc.property(anyTask, anyTask, (a, b) => {
      fc.pre(taskKey(a) !== taskKey(b));
      expect(taskFileName(a).toLowerCase()).not.toBe(taskFileName(b).toLowerCase());
    }));
  });

  it('differs for refs that join to the same letters', () => {
    const refs: readonly TaskRef[] = [
      { provider: 'a', id: 'b-c' }, { provider: 'a-b', id: 'c' }, { provider: 'a', account: 'b', id: 'c' }, { provider: 'a', id: 'B-c' },
      { provider: 'a', id: 'b_c' }, { provider: 'a', id: 'b/c' }, { provider: 'a', id: 'b\\c' }, { provider: 'a', id: 'b c' },
    ];
    expect(new Set(refs.map((ref) => taskFileName(ref).toLowerCase())).size).toBe(refs.length);
  });

  it.each([
    [{ provider: 'ark', id: 'cgt-20260101120000-ab12c' }, 'ark-cgt-20260101120000-ab12c'],
    [{ provider: 'kyyaipower', id: 'video_2f6ae3a5-87a4-4d51-9f5a-1c2d3e4f5a6b' }, 'kyyaipower-video_2f6ae3a5-87a4-4d51-9f5a-1c2d3e4f5a6b'],
    [{ provider: 'ark', id: 'v1.2' }, 'ark-v1.2'],
  ])('has no digest if the ref is plain: %o', (task, name) => {
    expect(taskFileName(task)).toBe(name);
  });

  it.each([
    ['../../etc/passwd', /^ark-etc_passwd~[0-9a-f]{12}$/],
    ['Mixed', /^ark-Mixed~[0-9a-f]{12}$/],
    ['任务', /^ark~[0-9a-f]{12}$/],
    ['x'.repeat(300), /^ark-x{76}~[0-9a-f]{12}$/],
    ['trailing.', /^ark-trailing~[0-9a-f]{12}$/],
  ])('has a digest if the id is not plain: %s', (id, name) => {
    expect(taskFileName({ provider: 'ark', id })).toMatch(name);
  });

  it('has a digest if the files of two tasks could have the same name', () => {
    expect(taskFileName({ provider: 'ark', id: 'x.mp4.part' })).toMatch(/^ark-x_mp4_part~[0-9a-f]{12}$/);
    const filesOf = (id: string): readonly string[] => {
      const name = taskFileName({ provider: 'ark', id });
      const videos = ['mp4', 'mov', 'webm'].map((ending) => `${name}.${ending}`);
      const own = [`${name}.json`, ...videos, ...videos.flatMap((video) => [`${video}.part`, `${video}.part.json`])];
      return [...own, ...own.map((file) => `${file}.new`)];
    };
    const anyEndings = fc.array(fc.constantFrom('.mp4', '.part', '.json', '.new', '.webm'), { maxLength: 4 }).map((endings) => `x${endings.join('')}`);
    fc.assert(fc.property(anyEndings, anyEndings, (a, b) => {
      fc.pre(a !== b);
      expect(filesOf(a).filter((file) => filesOf(b).includes(file))).toEqual([]);
    }));
  });

  it('is the same in every run', () => {
    expect(taskFileName({ provider: 'anyfast', id: 'asyntask_AbC' })).toBe('anyfast-asyntask_AbC~482d2dbc974b');
  });
});

describe('the name for a link', () => {
  it.each([
    ['https://files.example/a/clip.mp4?X-Tos-Date=1', 'clip.mp4'],
    ['https://files.example/a/clip.MOV', 'clip.mov'],
    ['https://files.example/', 'video.mp4'],
    ['https://files.example/a/..%2f..%2fetc%2fpasswd', '2f_2fetc_2fpasswd.mp4'],
    ['https://files.example/%00.mp4', '00.mp4'],
  ])('is the safe part of the last segment of its path: %s', (url, name) => {
    expect(linkFileName(url, video)).toBe(name);
  });

  it('is safe for any link', () => {
    fc.assert(fc.property(fc.webUrl({ withQueryParameters: true }), (url) => {
      expect(linkFileName(url, video)).toMatch(/^[A-Za-z0-9][A-Za-z0-9_-]*\.(?:mp4|mov|webm)$/);
    }));
  });

  it('has an extension of its format', () => {
    const extensions = (format: FileFormat) => ['a.mp4', 'a.webm?x=.mov', 'a.exe', 'a', 'a.JPG'].map((file) => extensionOf(`https://files.example/${file}`, format));
    expect(extensions(video)).toEqual(['.mp4', '.webm', '.mp4', '.mp4', '.mp4']);
    expect(extensions(picture)).toEqual(['.png', '.png', '.png', '.png', '.jpg']);
  });
});
