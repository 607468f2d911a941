// @ts-check
/** The providers that this server supports. */
import { anyfast } from 'rx-seedance/providers/anyfast';
import { ark } from 'rx-seedance/providers/ark';
import { kyyaipower } from 'rx-seedance/providers/kyyaipower';
import { powertokens } from 'rx-seedance/providers/powertokens';
import { xingchao } from 'rx-seedance/providers/xingchao';
import { yescale } from 'rx-seedance/providers/yescale';

export const providers = [ark, powertokens, yescale, kyyaipower, xingchao, anyfast];
