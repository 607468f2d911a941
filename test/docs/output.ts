/**
 * Compares what a program prints with what the page shows. Pure.
 */

const lines = (text: string): readonly string[] => text.trimEnd().split('\n').map((line) => line.trimEnd());

const lineMatches = (line: string, shown: string): boolean =>
  new RegExp(`^${shown.split('…').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('.*')}$`).test(line);

/** Whether they are the same, line by line; `…` in `shown` stands for anything within its line, and alone on a line for any lines. */
export const matches = (output: string, shown: string): boolean => {
  const match = ([line, ...rest]: readonly string[], [wanted, ...others]: readonly string[]): boolean => {
    if (wanted === undefined) return line === undefined;
    if (wanted === '…') return match(line === undefined ? [] : [line, ...rest], others) || (line !== undefined && match(rest, [wanted, ...others]));
    return line !== undefined && lineMatches(line, wanted) && match(rest, others);
  };
  return match(lines(output), lines(shown));
};
