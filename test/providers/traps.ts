/**
 * The surprises of real answers, by number, as the fixtures' `trap` names them, and the test that holds each of those which no
 * single answer can show.
 */
export const traps: Readonly<Record<number, string>> = {
  1: 'fail_reason may be the link, and result_url the error text',
  2: "an envelope's code says nothing of the task, and a failed task is HTTP 200",
  3: 'HTTP 200 without a task is no state',
  4: 'an unknown task is HTTP 400 here and 404 there, and one that was seen before is gone',
  5: 'a 401 may pass, a 429 may stay, and its body may be empty',
  6: 'the outer status decides over the inner one',
  7: 'the outer status may be missing, and envelopes may be nested',
  8: 'an answer has up to three ids, and none is a reason to refuse it',
  9: 'a word that no table knows is unknown',
  10: 'a success may have no link',
  11: 'null, missing and empty mean the same',
  12: 'numbers come as text, as percentages, too large, and with fractions',
  13: 'a time of 0 means not yet',
  14: 'times vary by twenty',
  15: 'the first ask, and several tasks in one',
  16: 'to stop watching is not to cancel',
  17: 'a signed link tells its own end, and is left as it is',
  18: 'bodies may be broken, and one bad answer ends nothing',
  19: 'an enhanced video has a link, a resolution and tokens of its own',
  20: 'addresses drift, and an id is one path segment',
  21: 'a status and a progress may go back',
  22: 'an ended task may still change its link',
};

/** What only a watch over several answers shows, or a request: the test file that names the trap. */
export const trapsElsewhere: Readonly<Record<number, string>> = {
  4: 'test/client/traps.test.ts',
  5: 'test/client/traps.test.ts',
  14: 'test/client/traps.test.ts',
  15: 'test/client/traps.test.ts',
  16: 'test/client/traps.test.ts',
  18: 'test/client/traps.test.ts',
  20: 'test/client/traps.test.ts',
  21: 'test/client/traps.test.ts',
  22: 'test/client/traps.test.ts',
};
