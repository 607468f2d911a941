/**
 * The package's version. Written by `npm test -- -u` from package.json; do not edit.
 */
export const version = '0.1.0';

/** What Node's transports and downloads call themselves. Hosts behind filters refuse requests without a name. */
export const userAgent: string = `rx-seedance/${version}`;
