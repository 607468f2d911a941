/**
 * Decides where a link of a provider may lead. Links and redirects into the network of this machine are refused: otherwise a response
 * could make this machine request its own services, such as the metadata service of a cloud.
 */
import { lookup } from 'node:dns';
import { BlockList, isIP, isIPv4, type LookupFunction } from 'node:net';

/** A link that is not followed. */
export class UnsafeLinkError extends Error {}

/**
 * Unspecified, private, shared (CGNAT), loopback, link-local, multicast, reserved and broadcast. The range for benchmarks, 198.18.0.0/15,
 * is missing, because proxies for a whole machine map all public names to it.
 * Source: https://www.iana.org/assignments/iana-ipv4-special-registry
 */
const privateIPv4 = ['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16', '224.0.0.0/3'];

/**
 * Unspecified, loopback and IPv4-compatible, local NAT64, unique local, link-local, site-local, multicast.
 * Source: https://www.iana.org/assignments/iana-ipv6-special-registry
 */
const privateIPv6 = ['::/96', '64:ff9b:1::/48', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'];

/** NAT64 and 6to4 addresses contain an IPv4 address. `BlockList` itself covers IPv4-mapped ones. */
const translations = (range: string): readonly string[] => {
  const [address = '', bits] = range.split('/');
  const hex = address.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0')).join('');
  return [`64:ff9b::${address}/${String(96 + Number(bits))}`, `2002:${hex.slice(0, 4)}:${hex.slice(4)}::/${String(16 + Number(bits))}`];
};

const privateAddresses = /* @__PURE__ */ (() => {
  const list = new BlockList();
  const add = (family: 'ipv4' | 'ipv6') => (range: string): void => {
    const [address = '', bits] = range.split('/');
    list.addSubnet(address, Number(bits), family);
  };
  privateIPv4.forEach(add('ipv4'));
  [...privateIPv6, ...privateIPv4.flatMap(translations)].forEach(add('ipv6'));
  return list;
})();

const isPrivateAddress = (address: string): boolean => privateAddresses.check(address.replace(/%.*/s, ''), isIPv4(address) ? 'ipv4' : 'ipv6');

/**
 * Whether the host of a URL is a private address, or a name of this machine. `URL` has already normalised other notations.
 *
 * @example isPrivateHost(new URL('http://0x7f.1/').hostname) // true
 */
export const isPrivateHost = (hostname: string): boolean => {
  const host = hostname.replace(/^\[|\]$/g, '');
  return isIP(host) === 0 ? /(?:^|\.)localhost\.?$/i.test(host) : isPrivateAddress(host);
};

/** Throws `UnsafeLinkError` unless the URL is http(s), without user info, and its host is not private or `allowsPrivate` returns true for it. */
export const checkLink = ({ protocol, username, password, hostname }: URL, allowsPrivate: (hostname: string) => boolean): void => {
  if (!/^https?:$/.test(protocol)) throw new UnsafeLinkError(`the link leads to ${protocol}`);
  if (username !== '' || password !== '') throw new UnsafeLinkError('the link contains a user or a password');
  if (isPrivateHost(hostname) && !allowsPrivate(hostname)) throw new UnsafeLinkError(leadsInside(hostname));
};

const leadsInside = (hostname: string, address = hostname): string =>
  `the link leads to the private address ${address}${address === hostname ? '' : ` of ${hostname}`}; allowPrivateHosts permits that`;

/** Resolves names at connect, and refuses the name `hostname` if it has a private address. Other names are those of proxies. */
export const publicLookup = (hostname: string): LookupFunction => (name, options, callback) => {
  lookup(name, { ...options, all: true }, (error, addresses) => {
    const inside = name === hostname ? addresses?.find(({ address }) => isPrivateAddress(address)) : undefined;
    const failure = error ?? (inside === undefined ? null : new UnsafeLinkError(leadsInside(hostname, inside.address)));
    const [first] = failure === null ? addresses : [];
    if (options.all === true || first === undefined) callback(failure, failure === null ? addresses : []);
    else callback(null, first.address, first.family);
  });
};
