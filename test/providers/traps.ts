/**
 * The traps of real responses, by the number in the fixtures' `trap`, and the test file of each trap that a single response cannot show.
 */
export const traps: Readonly<Record<number, string>> = {
  1: 'fail_reason may be the link, and result_url the error text',
  2: "an envelope's code does not describe the task, and a failed task is HTTP 200",
  3: 'HTTP 200 without a task is an error',
  4: 'an unknown task is HTTP 400 here and 404 there, and a task that was seen before is gone',
  5: 'a 401 may be transient, a 429 permanent, and its body may be empty',
  6: 'the outer status decides over the inner one',
  7: 'the outer status may be missing, and envelopes may be nested',
  8: 'a response has up to three ids, and a different id is not an error',
  9: 'an unlisted status word is unknown',
  10: 'a success may have no link',
  11: 'null, missing and empty mean the same',
  12: 'numbers may be strings, percentages, too large, or fractions',
  13: 'a time of 0 means unknown',
  14: 'generation times vary by a factor of twenty',
  15: 'the first poll, and several tasks in one request',
  16: 'unsubscribing does not cancel a task',
  17: 'a signed link holds its expiry, and is not changed',
  18: 'bodies may be broken, and one bad response ends no watch',
  19: 'an enhanced video has its own link, resolution and tokens',
  20: 'addresses change, and an id is one path segment',
  21: 'status and progress may go back',
  22: 'an ended task may still change its link',
};

/** The test file of each trap that needs several responses or a request. */
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
