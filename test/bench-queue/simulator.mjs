/**
 * The simulator of Ark, in a process of its own. It makes all tasks at once when it is told to, and says when each will end.
 */
import { startSimulator } from 'rx-seedance/simulator';

const { seed, speed, tasks } = JSON.parse(process.argv[2] ?? '{}');
const simulator = await startSimulator({ seed, speed, outcomes: { succeeds: 8, fails: 1, moderated: 1, expires: 1 } });

/** What Ark says of each outcome in the end. @type {Readonly<Record<string, string>>} */
const statuses = { succeeds: 'succeeded', fails: 'failed', moderated: 'failed', expires: 'expired' };

process.on('message', (message) => {
  if (message === 'submit') {
    for (let count = 0; count < tasks; count += 1) simulator.submit('ark');
    process.send?.(simulator.tasks('ark').map((task) => {
      const { outcome, queueMs, runMs } = simulator.scenario(task);
      return { task: { provider: task.provider, id: task.id }, status: statuses[outcome], startMs: task.createdAtMs, endMs: task.createdAtMs + queueMs + runMs };
    }));
  } else {
    // The length of the URL of each.
    process.send?.(simulator.requests.map(({ path }) => new URL(path, simulator.baseUrl('ark')).href.length));
  }
});
process.on('disconnect', () => process.exit());
process.send?.({ baseUrl: simulator.baseUrl('ark'), apiKey: simulator.apiKey('ark'), originMs: performance.timeOrigin });
