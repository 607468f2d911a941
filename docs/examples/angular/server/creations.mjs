// @ts-check
/**
 * What the page may create. The models, resolutions and lengths are limited, so that a slip or a stranger's script buys nothing expensive: enter
 * here what your account may use.
 */

/** @typedef {import('rx-seedance').Account} Account */
/** @typedef {{ readonly model: string, readonly prompt: string, readonly resolution: string, readonly seconds: number }} Wish */

/** @param {Wish} wish */
const arkBody = ({ model, prompt, resolution, seconds }) => ({ model, content: [{ type: 'text', text: prompt }], resolution, duration: seconds });

/** @param {Wish} wish */
const arkBodyWithLastFrame = (wish) => ({ ...arkBody(wish), return_last_frame: true });

/** The model names the resolution. @param {Wish} wish */
const flatBody = ({ model, prompt, resolution, seconds }) => ({ model: `${model}_${resolution}`, prompt, duration: seconds });

/** @type {Readonly<Record<string, { readonly models: readonly string[], readonly bodyOf: (wish: Wish) => object }>>} */
const offers = {
  ark: { models: ['doubao-seedance-2-0-260128', 'doubao-seedance-1-5-pro-251215'], bodyOf: arkBodyWithLastFrame },
  powertokens: { models: ['dreamina-seedance-2-0-260128'], bodyOf: arkBodyWithLastFrame },
  yescale: { models: ['doubao-seedance-1-0-pro-250528'], bodyOf: arkBody },
  kyyaipower: { models: ['seedance_1_5_pro'], bodyOf: flatBody },
  xingchao: { models: ['seedance_1_5_pro'], bodyOf: flatBody },
  anyfast: { models: ['doubao-seedance-2-0-260128'], bodyOf: arkBody },
};

const limits = { resolutions: ['480p', '720p'], minSeconds: 4, maxSeconds: 12, maxPromptLength: 2000 };

/**
 * What the form offers for each account.
 *
 * @param {readonly Account[]} accounts
 */
export const offersFor = (accounts) =>
  accounts.flatMap(({ provider: { id, create, cancels } }) => {
    const offer = create === null ? undefined : offers[id];
    return offer === undefined ? [] : [{ provider: id, cancels, models: offer.models, ...limits }];
  });

/**
 * The creation that a page asks for: the account, the body of the request, and the key by which the page sends it once. Throws unless the form
 * offers it.
 *
 * @param {unknown} wish
 * @param {readonly Account[]} accounts
 */
export const creationIn = (wish, accounts) => {
  const { key, provider, model, prompt, resolution, seconds } = /** @type {Partial<Record<string, unknown>>} */ (wish ?? {});
  const account = accounts.find(({ provider: { id } }) => id === provider);
  const offer = offers[account?.provider.id ?? ''];
  const { resolutions, minSeconds, maxSeconds, maxPromptLength } = limits;
  if (typeof key !== 'string' || !/^[\w-]{16,64}$/.test(key)) throw new TypeError('key must be 16 to 64 letters, digits and hyphens');
  if (account === undefined || offer === undefined) throw new TypeError(`no account for '${String(provider)}' that can create tasks`);
  if (typeof model !== 'string' || !offer.models.includes(model)) throw new TypeError(`model must be one of ${offer.models.join(', ')}`);
  if (typeof prompt !== 'string' || prompt.trim() === '' || prompt.length > maxPromptLength) throw new TypeError(`prompt must have 1 to ${maxPromptLength} characters`);
  if (typeof resolution !== 'string' || !resolutions.includes(resolution)) throw new TypeError(`resolution must be one of ${resolutions.join(', ')}`);
  if (typeof seconds !== 'number' || !Number.isInteger(seconds) || seconds < minSeconds || seconds > maxSeconds) throw new RangeError(`seconds must be an integer from ${minSeconds} to ${maxSeconds}`);
  return { key, account, prompt: prompt.trim(), body: JSON.stringify(offer.bodyOf({ model, prompt: prompt.trim(), resolution, seconds })) };
};
