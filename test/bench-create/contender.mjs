/**
 * One contender: creates a video for each prompt, all at once, and reports the end of each as soon as it knows it.
 */
const { file, orders, ...account } = JSON.parse(process.argv[2] ?? '{}');

/** @type {{ create: import('./contest.mjs').Create }} */
const { create } = await import(file);
const generate = create(account);
await Promise.all(orders.map(async (/** @type {import('./contest.mjs').Order} */ order) => {
  const end = await generate(order).catch((/** @type {Error} */ { message }) => ({ status: null, message }));
  process.send?.({ ...end, user: order.user, atMs: Date.now() });
}));
process.send?.('done', () => process.exit());
