/**
 * The keys of a run, and the search for them. Every form of a key holds `mark`, so one search finds them all.
 */
const mark = 'soak-secret';

/** The slash, the plus and the equals sign are written differently in JSON and in URLs. */
export const keyOf = (provider: string, account: number): string => `sk/${mark}+${provider}=${account}`;

/** The text before a key in a text or in plain data; null for none. */
export const leakIn = (value: unknown): string | null => {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  const at = text.indexOf(mark);
  return at < 0 ? null : `${text.slice(Math.max(0, at - 60), at)}…`;
};

/** Searches everything that this process prints from now on. */
export const searchOutput = (): readonly string[] => {
  const leaks: string[] = [];
  for (const stream of [process.stdout, process.stderr]) {
    const write: (...args: any[]) => boolean = stream.write.bind(stream);
    stream.write = (...args: any[]): boolean => {
      const leak = leakIn(String(args[0]));
      if (leak !== null) leaks.push(leak);
      return write(...args);
    };
  }
  return leaks;
};
