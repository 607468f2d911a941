// @ts-check
/**
 * `npm run test:node-versions -- [tests|job] [versions …]`: the tests, or the main job of `npm start`, on other versions of Node, each fetched
 * from the registry and left alone afterwards. Default: the tests, on the oldest that is supported and the newest of each later line.
 * Needs a build (`npm run build`). The exit code says whether all of them passed.
 */
import { spawnSync } from 'node:child_process';

/** @type {Readonly<Record<string, string>>} */
const commands = {
  tests: 'node node_modules/vitest/vitest.mjs run --reporter=dot',
  job: 'node docs/examples/two-dozen.mjs',
};

const [what = 'tests', ...wanted] = process.argv.slice(2);
const versions = wanted.length > 0 ? wanted : ['20.19.0', '22', '24', '26'];
const command = commands[what];
if (command === undefined) throw new RangeError(`what must be one of ${Object.keys(commands).join(', ')}, not ${what}`);

const failed = versions.filter((version) => {
  const began = Date.now();
  const { status } = spawnSync('npx', ['-y', '-p', `node@${version}`, '-c', `node --version && ${command}`], { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, NO_COLOR: '1' } });
  console.log(`Node ${version}: ${status === 0 ? 'ok' : `FAILED (${String(status)})`}, ${Math.round((Date.now() - began) / 1000)} s`);
  return status !== 0;
});
process.exitCode = failed.length === 0 ? 0 : 1;
