/**
 * Where keys and addresses come from: variables of the environment, or a `.env` file. Never an argument, which every process can see.
 */
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { knownProviders } from './known-providers.js';
import type { Discretion } from './output.js';
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

/** The variable that holds another address of a provider. */
export const baseUrlVariable = (provider: string): string => `${prefixOf(provider)}_BASE_URL`;

/** What a variable holds; null for one that is not there or empty. */
export const valueIn = (variables: Variables, name: string): string | null => variables[name]?.trim() || null;

/** A provider's key; null where none is set. */
export const keyIn = (variables: Variables, provider: string): string | null => valueIn(variables, keyVariable(provider));

/** Another address of a provider; null where none is set. */
export const baseUrlIn = (variables: Variables, provider: string): string | null => valueIn(variables, baseUrlVariable(provider));

/** Hides the keys that variables hold, in use or not. */
export const hideKeys = (variables: Variables, { hide }: Pick<Discretion, 'hide'>): void => {
  for (const { id } of knownProviders) hide(keyIn(variables, id));
};

/**
 * The environment, and below it a `.env` file: what both hold is the environment's. The file's keys are hidden as soon as they are read.
 *
 * Errors: `UsageError` for a file that cannot be read.
 */
export const readVariables = (env: Variables, envFile: string | null, discretion: Pick<Discretion, 'hide'>): Variables => {
  if (envFile === null) return env;
  const fromFile = parseEnv(readText('--env-file', envFile));
  hideKeys(fromFile, discretion);
  const set = Object.entries(env).filter(([, value]) => (value ?? '') !== '');
  return { ...fromFile, ...Object.fromEntries(set) };
};

/**
 * A whole file that an option names, without the mark that some editors begin a text with.
 *
 * Errors: `UsageError` that names the option and the file.
 */
export const readText = (option: string, path: string): string => {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    throw fileError(option, path, error);
  }
};
