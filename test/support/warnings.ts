/** Warnings that a test causes on purpose. */
import { onTestFinished, vi } from 'vitest';

/** Keeps the warnings of the process from the terminal until the test ends. Returns them, as Node prints them. */
export const catchWarnings = (): readonly string[] => {
  const caught: string[] = [];
  const emit = vi.spyOn(process, 'emitWarning').mockImplementation((warning: string | Error, options?: unknown) => {
    const name = typeof options === 'string' ? options : ((options as { readonly type?: string } | undefined)?.type ?? 'Warning');
    caught.push(typeof warning === 'string' ? `${name}: ${warning}` : String(warning));
  });
  onTestFinished(() => { emit.mockRestore(); });
  return caught;
};
