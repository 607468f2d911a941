/**
 * Programs built from src, for tests that need a Node process of their own. Nothing is read from `dist`.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type PluginOption } from 'vite';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface Built {
  /** The program of an entry. */
  readonly file: (entry: string) => string;
  readonly remove: () => void;
}

/**
 * Builds programs in one go.
 *
 * @param input entry name → source file
 */
export const buildForNode = async (input: Readonly<Record<string, string>>, plugins: readonly PluginOption[] = []): Promise<Built> => {
  // Below node_modules, where packages are found from.
  const cache = join(root, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'rx-seedance-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    await build({
      root,
      configFile: join(root, 'vitest.config.ts'),
      logLevel: 'error',
      plugins: [...plugins],
      build: {
        ssr: true,
        target: 'node20',
        outDir: folder,
        emptyOutDir: false,
        minify: false,
        sourcemap: true,
        rolldownOptions: { input: { ...input }, output: { entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' } },
      },
    });
  } catch (error) {
    remove();
    throw error;
  }
  return { file: (entry) => join(folder, `${entry}.mjs`), remove };
};
