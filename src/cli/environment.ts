/**
 * Reads keys and base URLs from environment variables or a `.env` file. Arguments hold no keys, because every process can read them.
 */
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { knownProviders } from './known-providers.js';
import type { Redactor } from './output.js';
import { decodeText } from './text-encoding.js';
import { fileError } from './usage-error.js';

/** Variables by name. */
export type Variables = Readonly<Record<string, string | undefined>>;

const prefixOf = (provider: string): string => provider.toUpperCase().replace(/[^A-Z0-9]/g, '_');

/**
 * The variable that holds a provider's key.
 *
 * @example keyVariable('anyfast') // 'ANYFAST_API_KEY'
 */
export const keyVariable = (provider: string): string => `${prefixOf(provider)}_API_KEY`;

/** The variable that holds another base URL for a provider. */
export const baseUrlVariable = (provider: string): string => `${prefixOf(provider)}_BASE_URL`;

/** The value of a variable; null if it is unset or empty. */
export const valueIn = (variables: Variables, name: string): string | null => variables[name]?.trim() || null;

/** A provider's key; null if none is set. */
export const keyIn = (variables: Variables, provider: string): string | null => valueIn(variables, keyVariable(provider));

/** Another base URL for a provider; null if none is set. */
export const baseUrlIn = (variables: Variables, provider: string): string | null => valueIn(variables, baseUrlVariable(provider));

/** Hides the keys of all providers, even of those that are not in use. */
export const hideKeys = (variables: Variables, { hide }: Pick<Redactor, 'hide'>): void => {
  for (const { id } of knownProviders) hide(keyIn(variables, id));
};

/**
 * The variables of the environment and of a `.env` file; the environment wins. The file's keys are hidden as soon as they are read.
 *
 * Errors: `UsageError` for a file that cannot be read.
 */
export const readVariables = (env: Variables, envFile: string | null, redactor: Pick<Redactor, 'hide'>): Variables => {
  if (envFile === null) return env;
  const fromFile = parseEnv(readText('--env', envFile));
  hideKeys(fromFile, redactor);
  const set = Object.entries(env).filter(([, value]) => (value ?? '') !== '');
  return { ...fromFile, ...Object.fromEntries(set) };
};

/**
 * Reads a file that an option names, in UTF-8 or UTF-16, without its byte order mark.
 *
 * Errors: `UsageError` that names the option and the file.
 */
export const readText = (option: string, path: string): string => {
  try {
    return decodeText(readFileSync(path));
  } catch (error) {
    throw fileError(option, path, error);
  }
};
