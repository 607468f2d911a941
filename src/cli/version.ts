/**
 * The package's version. Written by `npm test -- -u` from package.json; do not edit.
 */
export const version = '0.1.0';
