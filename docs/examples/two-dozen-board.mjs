// @ts-check
/**
 * How `npm start` looks: a live board on a terminal, a line for each event elsewhere, and a table at the end.
 * It knows feeds and rows, and nothing of where they come from.
 *
 * @typedef {import('rx-seedance').Feed} Feed
 * @typedef {import('rx-seedance').TaskRef} TaskRef
 * @typedef {import('rx-seedance').TaskRow} TaskRow
 * @typedef {{ task: TaskRef, end: string, isExpected: boolean, tookMs: number | null, asks: number, expiresAtMs: number | null }} SummaryRow
 */
import { styleText } from 'node:util';
import { createLogUpdate } from 'log-update';
import { isTerminal, taskKey } from 'rx-seedance';

/** @type {Record<string, 'gray' | 'cyan' | 'green' | 'red' | 'yellow' | 'magenta'>} */
const colours = { queued: 'gray', running: 'cyan', succeeded: 'green', failed: 'red', cancelled: 'yellow', expired: 'yellow', unknown: 'magenta', lost: 'magenta' };

/** @param {NodeJS.WriteStream} stream */
const painterFor = (stream) => {
  const isPlain = !stream.isTTY || (process.env['NO_COLOR'] ?? '') !== '';
  return (/** @type {Parameters<typeof styleText>[0]} */ style, /** @type {string} */ text) => (isPlain ? text : styleText(style, text));
};

/** @param {number} ms */
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

/** @param {number | null} expiresAtMs */
const lifeLeft = (expiresAtMs) => {
  if (expiresAtMs === null) return '';
  const minutes = Math.round((expiresAtMs - Date.now()) / 60_000);
  return minutes > 48 * 60 ? `${Math.floor(minutes / 1440)} days` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
};

/** @param {string} text @param {number} width */
const fitted = (text, width) => (text.length > width ? `${text.slice(0, width - 1)}…` : text).padEnd(width);

/** @param {TaskRow} row */
const wordFor = (row) => (row.error === null ? (row.status ?? 'asked') : 'lost');

/** @param {TaskRow} row */
const isOver = (row) => row.error !== null || (row.status !== null && isTerminal(row.status));

/**
 * @param {NodeJS.WriteStream} stream
 * @param {{ simulator: string, tasks: readonly TaskRef[], startedAtMs: number }} about
 */
export const boardFor = (stream, { simulator, tasks, startedAtMs }) => {
  const paint = painterFor(stream);
  const redraw = stream.isTTY ? createLogUpdate(stream) : null;
  /** @type {Map<string, number>} */
  const endedAtMs = new Map();
  /** @type {Feed | null} */
  let latest = null;
  let drawnAtMs = 0;

  stream.write(`${paint('bold', 'rx-seedance')}  ${tasks.length} tasks on ${new Set(tasks.map(({ provider }) => provider)).size} providers\n`);
  stream.write(paint('dim', `simulator at ${simulator}\n\n`));

  const bar = (/** @type {number} */ share, /** @type {number} */ width) => {
    const full = Math.round(share * width);
    return '█'.repeat(full) + paint('dim', '░'.repeat(width - full));
  };

  const note = (/** @type {TaskRow} */ row) => {
    if (row.error !== null) return 'kind' in row.error ? String(row.error.kind) : row.error.message;
    if (row.trouble !== null) return `${row.trouble.reason ?? row.trouble.kind}, asked again in ${seconds(Math.max(0, (row.nextAskAtMs ?? 0) - Date.now()))}`;
    if (row.snapshot?.status === 'failed') return `${row.snapshot.failure.reason}: ${row.snapshot.failure.message}`;
    if (row.snapshot?.status === 'succeeded') return `link good for ${lifeLeft(row.snapshot.video?.expiresAtMs ?? null)}`;
    return row.status === 'unknown' ? `says “${row.snapshot?.wireStatus}”` : '';
  };

  const lineFor = (/** @type {TaskRow} */ row) => {
    const width = stream.columns;
    const barWidth = width < 60 ? 6 : 16;
    const percent = `${Math.floor(row.progress * 100)}`.padStart(3);
    const word = wordFor(row);
    const head = `${fitted(row.task.provider, 11)} ${width < 90 ? '' : `${fitted(row.task.id, 26)} `}${paint(colours[word] ?? 'gray', fitted(word, 9))} `;
    const headWidth = 22 + (width < 90 ? 0 : 27);
    const room = width - headWidth - barWidth - 9;
    return `${head}${bar(row.progress, barWidth)} ${percent} %${row.estimated ? '~' : ' '} ${room > 4 ? paint('dim', fitted(note(row), room).trimEnd()) : ''}`;
  };

  const totalLine = (/** @type {Feed} */ feed) => {
    const counts = Object.entries(feed.counts).filter(([, count]) => count > 0);
    const words = counts.map(([word, count]) => `${count} ${word}`);
    const barWidth = Math.max(6, Math.min(28, stream.columns - words.join(', ').length - 8));
    const told = counts.map(([word], index) => paint(colours[word] ?? 'gray', words[index] ?? '')).join(', ');
    return `${bar(feed.progress, barWidth)} ${`${Math.floor(feed.progress * 100)}`.padStart(3)} %  ${told}`;
  };

  const draw = () => {
    if (redraw === null || latest === null) return;
    const rows = tasks.flatMap((task) => latest?.tasks.get(task) ?? []);
    const room = Math.max(1, (stream.rows || 24) - 6);
    const shown = rows.length <= room ? rows : rows.filter((row) => !isOver(row)).slice(0, room - 1);
    const hidden = rows.length - shown.length;
    redraw([...shown.map(lineFor), ...(hidden > 0 ? [paint('dim', `… and ${hidden} more`)] : []), '', totalLine(latest)].join('\n'));
    drawnAtMs = Date.now();
  };

  const tell = (/** @type {TaskRow} */ row) => {
    const told = [row.task.provider, row.task.id, wordFor(row), row.estimated || isOver(row) ? '' : `${Math.floor(row.progress * 100)} %`, note(row)];
    stream.write(`${seconds(Date.now() - startedAtMs).padStart(7)}  ${told.filter((part) => part !== '').join('  ')}\n`);
  };

  /** @type {Map<string, string>} */
  const toldOf = new Map();

  return {
    /** @param {Feed} feed */
    show: (feed) => {
      latest = feed;
      const row = feed.changed;
      if (row === null) return;
      const key = taskKey(row.task);
      if (isOver(row) && !endedAtMs.has(key)) endedAtMs.set(key, Date.now());
      if (redraw !== null) {
        if (Date.now() - drawnAtMs >= 60) draw();
      } else if (toldOf.get(key) !== `${wordFor(row)}${row.trouble?.message}`) {
        toldOf.set(key, `${wordFor(row)}${row.trouble?.message}`);
        tell(row);
      }
    },
    close: () => {
      draw();
      redraw?.done();
    },
    /** @param {TaskRef} task */
    tookMs: (task) => {
      const endMs = endedAtMs.get(taskKey(task));
      return endMs === undefined ? null : endMs - startedAtMs;
    },
  };
};

/**
 * The table at the end.
 *
 * @param {NodeJS.WriteStream} stream
 * @param {readonly SummaryRow[]} rows
 * @param {Feed} feed
 */
export const summary = (stream, rows, feed) => {
  const paint = painterFor(stream);
  const longestId = Math.max(...rows.map(({ task }) => task.id.length));
  const idWidth = stream.isTTY ? Math.max(8, Math.min(longestId, stream.columns - 64)) : longestId;
  const cells = rows.map(({ task, end, tookMs, asks, expiresAtMs }) => [
    fitted(task.id, idWidth),
    task.provider,
    end,
    tookMs === null ? '' : seconds(tookMs),
    String(asks),
    lifeLeft(expiresAtMs),
  ]);
  const titles = ['task', 'provider', 'end', 'time', 'asks', 'link expires in'];
  const widths = titles.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const isNumber = (/** @type {number} */ column) => column === 3 || column === 4;
  const line = (/** @type {readonly string[]} */ row) =>
    row.map((cell, column) => (isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)));
  const painted = (/** @type {readonly string[]} */ row) =>
    line(row).map((cell, column) => (column === 2 ? paint(colours[(row[2] ?? '').split(' ')[0] ?? ''] ?? 'gray', cell) : cell)).join('  ').trimEnd();
  const { succeeded, lost } = feed.counts;
  const asks = rows.reduce((sum, row) => sum + row.asks, 0);
  return [
    '',
    paint('bold', line(titles).join('  ')),
    ...cells.map(painted),
    '',
    `${rows.length} tasks: ${succeeded} succeeded, ${rows.length - succeeded - lost} ended otherwise, ${lost} lost; ${asks} asks in all`,
    '',
  ].join('\n');
};
