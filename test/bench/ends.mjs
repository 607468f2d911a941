/**
 * Makes sure that a contender did its work: a wrong result has no speed.
 */

/**
 * Throws unless there is one link for each task, and it is the link of its video.
 *
 * @param {string} contender
 * @param {readonly string[]} ids
 * @param {readonly string[]} links
 */
export const checkEnds = (contender, ids, links) => {
  const ended = new Set(links.map((link) => link.split('/').at(-2)));
  const missing = ids.filter((id) => !ended.has(id));
  if (links.length !== ids.length || missing.length > 0) throw new Error(`${contender}: ${links.length} ends of ${ids.length} tasks, ${missing.length} missing`);
};
