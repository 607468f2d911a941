/**
 * An Angular app that uses the package; types.package.ts compiles it. It is separate from consumer.ts because Angular's types need browser types.
 */
import { feedSignals, injectTaskFeed, provideSeedance } from 'rx-seedance/angular';
import { account } from 'rx-seedance';
import { ark } from 'rx-seedance/providers/ark';
import { fromServerSentEvents } from 'rx-seedance/sse';

export const providers = provideSeedance({ accounts: () => [account(ark, { apiKey: null })] });

export const tracked = (): string => {
  const { tasks, track, progress } = injectTaskFeed({ watch: () => ({ deadlineMs: 3_600_000 }) });
  track({ provider: 'ark', id: 'a' });
  return `${String(tasks().length)} ${String(progress())} ${String(feedSignals(fromServerSentEvents('/feed')).error())}`;
};
