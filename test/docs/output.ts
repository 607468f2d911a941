/**
 * Compares what a program prints with what the page shows. Pure.
 */

const lines = (text: string): readonly string[] => text.trimEnd().split('\n').map((line) => line.trimEnd());

const lineMatches = (line: string, shown: string): boolean =>
  new RegExp(`^${shown.split('…').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('.*')}$`).test(line);

/** Whether each line of `shown` is a line of the output, in any order, and the output has no others; `…` is as in `matches`. */
export const matchesInAnyOrder = (output: string, shown: string): boolean => {
  const rest = [...lines(output)];
  const isThere = (wanted: string): boolean => {
    const index = rest.findIndex((line) => lineMatches(line, wanted));
    return index >= 0 && rest.splice(index, 1).length === 1;
  };
  return lines(shown).filter((line) => line !== '…').every(isThere) && (rest.length === 0 || lines(shown).includes('…'));
};

/** Whether they are the same, line by line; `…` in `shown` stands for anything within its line, and alone on a line for any lines. */
export const matches = (output: string, shown: string): boolean => {
  const match = ([line, ...rest]: readonly string[], [wanted, ...others]: readonly string[]): boolean => {
    if (wanted === undefined) return line === undefined;
    if (wanted === '…') return match(line === undefined ? [] : [line, ...rest], others) || (line !== undefined && match(rest, [wanted, ...others]));
    return line !== undefined && lineMatches(line, wanted) && match(rest, others);
  };
  return match(lines(output), lines(shown));
};
