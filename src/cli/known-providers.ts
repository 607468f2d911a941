/**
 * Every provider of src/providers. Written by `npm test -- -u`; do not edit.
 */
import { anyfast } from '../providers/anyfast.js';
import { ark } from '../providers/ark.js';
import { atlascloud } from '../providers/atlascloud.js';
import { kie } from '../providers/kie.js';
import { kyyaipower } from '../providers/kyyaipower.js';
import { meshapi } from '../providers/meshapi.js';
import { openrouter } from '../providers/openrouter.js';
import { powertokens } from '../providers/powertokens.js';
import { replicate } from '../providers/replicate.js';
import { wavespeed } from '../providers/wavespeed.js';
import { xingchao } from '../providers/xingchao.js';
import { yescale } from '../providers/yescale.js';
import type { Provider } from '../wire/provider.js';

export const knownProviders: readonly Provider[] = [anyfast, ark, atlascloud, kie, kyyaipower, meshapi, openrouter, powertokens, replicate, wavespeed, xingchao, yescale];
