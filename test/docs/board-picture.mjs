// @ts-check
/**
 * `npm run pictures:board`: makes docs/images/board.svg of a run of docs/examples/two-dozen.mjs, an animated picture of the board as a
 * terminal of 100 columns shows it: colours and bars drawn, so that it looks the same everywhere. Needs tmux.
 *
 * A piece of a line is in the file once for each time that it appears, and is visible only then. With reduced motion the last frame stands.
 * Reads the escapes that tmux writes: colours 30 to 37, bold and dim.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const columns = 100;
const [frameMs, lastFrames] = [333, 12];
const [charWidth, lineHeight, margin] = [8.4, 19, 18];
const colours = { 31: '#ff7b72', 32: '#56d364', 33: '#e3b341', 34: '#79c0ff', 35: '#d2a8ff', 36: '#56d4dd' };
const spinner = [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'];

/** @param {readonly string[]} args */
const tmux = (...args) => execFileSync('tmux', ['-L', 'rx-seedance-board', ...args], { encoding: 'utf8' });

/** The lines of the board on a screen, its titles first; none before it is drawn. @param {string} screen */
const boardOf = (screen) => {
  const lines = screen.trimEnd().split('\n');
  const [first, last] = [lines.findIndex((line) => line.includes('progress')), lines.findIndex((line) => line.includes(' finished'))];
  return first < 0 || last < first ? [] : lines.slice(first, last + 1);
};

/** Runs the example in a terminal that is high enough for its recap, and takes pictures of it. */
const filmed = async () => {
  const example = fileURLToPath(new URL('../../docs/examples/two-dozen.mjs', import.meta.url));
  tmux('new-session', '-d', '-x', `${columns}`, '-y', '70', '-s', 'board', `"${process.execPath}" "${example}"; sleep 60`);
  const frames = [];
  let screen = '';
  while (!screen.includes('ended as planned')) {
    await after(frameMs);
    screen = tmux('capture-pane', '-e', '-p', '-t', 'board');
    const board = boardOf(screen);
    if (board.length > 0) frames.push(board);
  }
  tmux('kill-session', '-t', 'board');
  return frames;
};

/** @typedef {{ readonly colour: string, readonly isBold: boolean, readonly isDim: boolean }} Look */

/** @type {Look} */
const plain = { colour: '', isBold: false, isDim: false };

/** What an escape makes of a look. @param {Look} look @param {string} codes @returns {Look} */
const changed = (look, codes) =>
  codes.split(';').map(Number).reduce((before, code) => {
    if (code === 0) return plain;
    if (code === 1) return { ...before, isBold: true };
    if (code === 2) return { ...before, isDim: true };
    if (code === 22) return { ...before, isBold: false, isDim: false };
    if (code === 39) return { ...before, colour: '' };
    return code in colours ? { ...before, colour: `c${code}` } : before;
  }, look);

/** @param {string} text */
const escaped = (text) => text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** One piece of a line in one look. @param {string} text @param {number} column @param {number} row @param {Look} look */
const drawn = (text, column, row, { colour, isBold, isDim }) => {
  const [x, y] = [Number((margin + column * charWidth).toFixed(1)), margin + row * lineHeight];
  if (/[█░]/.test(text)) return `<path class="${colour}${text.startsWith('█') ? '' : ' t'}" d="M${x} ${y + 3}h${(text.length * charWidth).toFixed(1)}v12H${x}"/>`;
  const names = [colour, ...(isBold ? ['b'] : []), ...(isDim ? ['d'] : [])].join(' ').trim();
  const classes = names === '' ? '' : ` class="${names}"`;
  if (spinner.includes(text)) return `<use href="#s" x="${x}" y="${y + 14}"${classes}/>`;
  return `<text x="${x}" y="${y + 14}"${classes}>${escaped(text)}</text>`;
};

/** The pieces of a board. @param {readonly string[]} board */
const piecesOf = (board) => {
  let look = plain;
  return board.flatMap((line, row) => {
    let column = 0;
    // tmux goes on with the look of the line before.
    return line.split('\u001b[').flatMap((part, index) => {
      const [, codes = '', words = ''] = index === 0 ? ['', '', part] : (/^([\d;]*)m(.*)$/.exec(part) ?? []);
      if (index > 0) look = changed(look, codes);
      // Bars, spinners, words, and what lies between words, each by itself.
      return (words.match(/█+|░+|[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]| +|[^█░ ]+(?: [^█░ ]+)*/g) ?? []).flatMap((text) => {
        const at = column;
        column += text.length;
        return text.trim() === '' ? [] : [drawn(text, at, row, look)];
      });
    });
  });
};

/** Each time that a piece appears: from frame to frame. @param {readonly (readonly string[])[]} frames */
const appearances = (frames) => {
  /** @type {Map<string, string[]>} */
  const pieces = new Map();
  /** @type {Map<string, number>} */
  const since = new Map();
  [...frames, []].forEach((frame, index) => {
    for (const [piece, from] of since) {
      if (frame.includes(piece)) continue;
      since.delete(piece);
      pieces.set(`${from} ${index}`, [...(pieces.get(`${from} ${index}`) ?? []), piece]);
    }
    for (const piece of frame) if (!since.has(piece)) since.set(piece, index);
  });
  return [...pieces].map(([times, drawings]) => ({ from: Number(times.split(' ')[0]), to: Number(times.split(' ')[1]), drawings }));
};

const film = await filmed();
const intro = ['\u001b[1m$ npm start\u001b[0m', ''];
const boards = [...film, ...Array.from({ length: lastFrames }, () => film.at(-1) ?? [])].map((board) => piecesOf([...intro, ...board]));
const shown = appearances(boards);
const [width, height] = [2 * margin + columns * charWidth, 2 * margin + (intro.length + Math.max(...film.map(({ length }) => length))) * lineHeight];
const seconds = (boards.length * frameMs) / 1000;
const lengths = [...new Set(shown.map(({ from, to }) => to - from))].filter((length) => length < boards.length);

const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>The board in a terminal: one line for each task with its settings, a bar, and the saved file or the reason of a failure; below them the counts and the overall progress</title>
<style>
text,use,path{fill:#d5dae1}
${Object.entries(colours).map(([code, colour]) => `.c${code}{fill:${colour}}`).join('')}
.b{font-weight:bold}.d{opacity:.6}.t{opacity:.25}
g g{visibility:hidden;animation:${seconds}s step-end infinite}
g .z{visibility:visible}
${lengths.map((length) => `.v${length}{animation-name:v${length}}@keyframes v${length}{0%{visibility:visible}${((100 * length) / boards.length).toFixed(3)}%,to{visibility:hidden}}`).join('\n')}
#s text{fill:inherit;opacity:0;animation:s 1s step-end infinite}
@keyframes s{0%{opacity:1}10%,to{opacity:0}}
@media (prefers-reduced-motion:reduce){g g,#s text{animation:none}}
</style>
<defs><g id="s">${spinner.map((sign, index) => `<text style="animation-delay:${index / 10 - 1}s">${sign}</text>`).join('')}</g></defs>
<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10" fill="#11161d" stroke="#444c56"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">
${shown.map(({ from, to, drawings }) => {
  if (to - from === boards.length) return drawings.join('\n');
  const delay = (((from - boards.length) * frameMs) / 1000).toFixed(2);
  return `<g class="v${to - from}${to === boards.length ? ' z' : ''}" style="animation-delay:${delay}s">${drawings.join('')}</g>`;
}).join('\n')}
</g>
</svg>
`;
writeFileSync(fileURLToPath(new URL('../../docs/images/board.svg', import.meta.url)), svg);
