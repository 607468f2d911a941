/**
 * The simulator, in a process of its own. The outcome and the times of a task follow its prompt, also when it is bought twice.
 */
import { startSimulator } from 'rx-seedance/simulator';

const { seed, speed, faultRate, orders } = JSON.parse(process.argv[2] ?? '{}');

const simulator = await startSimulator({ seed, speed, faults: { rate: faultRate }, creationFaults: { rate: faultRate } });

/** @type {Map<unknown, import('./contest.mjs').Order>} */
const byUser = new Map(orders.map((/** @type {import('./contest.mjs').Order} */ order) => [order.user, order]));
let known = 0;
const plan = () => {
  const tasks = simulator.tasks('ark');
  for (const task of tasks.slice(known)) {
    const order = byUser.get(task.request['safety_identifier']);
    if (order === undefined) throw new Error(`a task of no prompt: ${JSON.stringify(task.request)}`);
    simulator.reschedule(task, order.plan);
  }
  known = tasks.length;
  return tasks;
};
// Well before the first of them leaves the queue.
setInterval(plan, 5);

process.on('message', () => {
  const bought = plan().map((task) => {
    const { outcome, queueMs, runMs } = simulator.scenario(task);
    return { id: task.id, user: task.request['safety_identifier'], outcome, endMs: task.createdAtMs + queueMs + (outcome === 'cancelled' ? 0 : runMs) };
  });
  process.send?.({ bought, requests: simulator.requests.filter(({ path }) => path.includes('/contents/generations/tasks')).length });
});
process.on('disconnect', () => process.exit());
process.send?.({ baseUrl: simulator.baseUrl('ark'), apiKey: simulator.apiKey('ark'), originMs: performance.timeOrigin });
