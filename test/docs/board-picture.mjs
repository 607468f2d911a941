// @ts-check
/**
 * Makes docs/images/board.svg of the board as a terminal of 100 columns shows it: colours and bars drawn, so that it looks the same
 * everywhere. Needs tmux:
 *
 *     tmux new-session -d -x 100 -y 34 -s board 'npm start; sleep 9'
 *     tmux capture-pane -e -p -t board | node test/docs/board-picture.mjs    # in the middle of the run
 *
 * Reads the escapes that tmux writes: colours 30 to 37, bold and dim.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const columns = 100;
const [charWidth, lineHeight, margin] = [8.4, 19, 18];
const colours = { 31: '#ff7b72', 32: '#56d364', 33: '#e3b341', 34: '#79c0ff', 35: '#d2a8ff', 36: '#56d4dd' };
const plain = { colour: '#d5dae1', isBold: false, isDim: false };

/** @typedef {typeof plain} Look */

/** What an escape makes of a look. @param {Look} look @param {string} codes @returns {Look} */
const changed = (look, codes) =>
  codes.split(';').map(Number).reduce((before, code) => {
    if (code === 0) return plain;
    if (code === 1) return { ...before, isBold: true };
    if (code === 2) return { ...before, isDim: true };
    if (code === 22) return { ...before, isBold: false, isDim: false };
    if (code === 39) return { ...before, colour: plain.colour };
    if (code in colours) return { ...before, colour: colours[/** @type {keyof typeof colours} */ (code)] };
    return before;
  }, look);

/** @param {string} text */
const escaped = (text) => text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** One piece of a line in one look. @param {string} text @param {number} column @param {number} row @param {Look} look */
const drawn = (text, column, row, { colour, isBold, isDim }) => {
  const [x, y] = [margin + column * charWidth, margin + row * lineHeight];
  const [cell = ''] = text;
  const opacity = isDim ? ' opacity="0.6"' : '';
  if (cell === '█' || cell === '░') {
    return `<rect x="${x.toFixed(1)}" y="${y + 3}" width="${(text.length * charWidth).toFixed(1)}" height="12" fill="${colour}" opacity="${cell === '█' ? 1 : 0.25}"/>`;
  }
  const weight = isBold ? ' font-weight="bold"' : '';
  return `<text x="${x.toFixed(1)}" y="${y + 14}" textLength="${(text.length * charWidth).toFixed(1)}" fill="${colour}"${weight}${opacity}>${escaped(text)}</text>`;
};

const screen = readFileSync(0, 'utf8').trimEnd().split('\n');
// Before the board stand the words of `npm start`, up to the first empty line.
const board = ['\u001b[1m$ npm start\u001b[0m', '', ...screen.slice(screen.findIndex((line) => line.trim() === '') + 1)];

let look = plain;
const pieces = board.flatMap((line, row) => {
  let column = 0;
  // tmux goes on with the look of the line before.
  return line.split('\u001b[').flatMap((part, index) => {
    const [, codes = '', words = ''] = index === 0 ? ['', '', part] : (/^([\d;]*)m(.*)$/.exec(part) ?? []);
    if (index > 0) look = changed(look, codes);
    // Bars, words, and what lies between words, each by itself.
    return (words.match(/█+|░+| +|[^█░ ]+(?: [^█░ ]+)*/g) ?? []).flatMap((text) => {
      const at = column;
      column += text.length;
      return text.trim() === '' ? [] : [drawn(text, at, row, look)];
    });
  });
});

const [width, height] = [2 * margin + columns * charWidth, 2 * margin + board.length * lineHeight];
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>The board in a terminal: one row for each task with its status, a bar or the saved file, and below them the overall progress</title>
<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10" fill="#11161d" stroke="#444c56"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">
${pieces.join('\n')}
</g>
</svg>
`;
writeFileSync(fileURLToPath(new URL('../../docs/images/board.svg', import.meta.url)), svg);
