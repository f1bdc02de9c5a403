import { readFileSync } from 'node:fs';

/** One environment variable: how it is read, what it means, what it is when unset. The README's table is checked against these. */
export interface Setting<T> {
  /** One sentence for the README's table. */
  readonly about: string;
  /** The value when unset. */
  readonly fallback: T;
  /** What the README prints for it. */
  readonly shown: string;
  /** May also be given as `NAME_FILE`, and is never printed. */
  readonly secret: boolean;
  /** @throws {Error} whose message says what a good value looks like; the value itself is not repeated (it may be a secret). */
  readonly parse: (text: string) => T;
}

interface Common<T> {
  about: string;
  fallback: T;
  shown?: string;
  secret?: boolean;
}

function setting<T>(common: Common<T>, parse: (text: string) => T): Setting<T> {
  const { about, fallback, secret = false } = common;
  return {
    about,
    fallback,
    secret,
    shown: common.shown ?? (fallback === undefined ? 'unset' : String(fallback)),
    parse,
  };
}

/** Any text that is not empty; `matching` narrows it. */
export function text<T extends string | undefined>(
  common: Common<T> & { matching?: RegExp; form?: string },
): Setting<T> {
  return setting(common, (value) => {
    if (common.matching && !common.matching.test(value))
      throw new Error(`must be ${common.form ?? 'of the documented form'}`);
    return value as T;
  });
}

/** A whole number within bounds, both included. */
export function integer(common: Common<number> & { min: number; max: number }): Setting<number> {
  return setting(common, (value) => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < common.min || number > common.max) {
      throw new Error(`must be a whole number from ${common.min} to ${common.max}`);
    }
    return number;
  });
}

/** One of a few words. */
export function oneOf<T extends string>(common: Common<T> & { words: readonly T[] }): Setting<T> {
  return setting(common, (value) => {
    const word = common.words.find((candidate) => candidate === value);
    if (word === undefined) throw new Error(`must be one of ${common.words.join(', ')}`);
    return word;
  });
}

/** A comma-separated list of words, each of a form. */
export function list(
  common: Common<readonly string[]> & { matching: RegExp; form: string },
): Setting<readonly string[]> {
  return setting(common, (value) => {
    const words = value.split(',').map((word) => word.trim());
    if (words.some((word) => !common.matching.test(word)))
      throw new Error(`must be a comma-separated list of ${common.form}`);
    return words;
  });
}

/** A URL of one of the given schemes. */
export function url<T extends string | undefined>(common: Common<T> & { schemes: readonly string[] }): Setting<T> {
  return setting(common, (value) => {
    const scheme = common.schemes.find((candidate) => value.startsWith(`${candidate}://`));
    if (scheme === undefined || (scheme.startsWith('http') && !URL.canParse(value))) {
      throw new Error(`must be a URL that starts with ${common.schemes.map((s) => `${s}://`).join(' or ')}`);
    }
    return value as T;
  });
}

/**
 * The text of a variable, or of the file that `NAME_FILE` names when the setting is a secret.
 * An empty variable counts as unset: compose files pass `${NAME:-}`.
 */
export function readRaw(env: NodeJS.ProcessEnv, name: string, secret: boolean): string | undefined {
  const direct = env[name];
  const file = secret ? env[`${name}_FILE`] : undefined;
  if (direct && file) throw new Error(`is given twice, also as ${name}_FILE`);
  if (file) {
    try {
      return readFileSync(file, 'utf8').trim();
    } catch (error) {
      throw new Error(`is to be read from ${name}_FILE, which cannot be (${(error as NodeJS.ErrnoException).code})`, {
        cause: error,
      });
    }
  }
  return direct === '' ? undefined : direct;
}
