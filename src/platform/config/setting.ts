import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';

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

interface Bounds {
  min: number;
  max: number;
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

/** A whole number within bounds, both included; one without a fallback stands for another setting's value. */
export function integer(common: Common<number> & Bounds): Setting<number>;
export function integer(common: Common<undefined> & Bounds): Setting<number | undefined>;
export function integer(common: Common<number | undefined> & Bounds): Setting<number | undefined> {
  return setting(common, (value) => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < common.min || number > common.max) {
      throw new Error(`must be a whole number from ${common.min} to ${common.max}`);
    }
    return number;
  });
}

/** One of a few words. */
export function oneOf<T extends string | undefined>(common: Common<T> & { words: readonly T[] }): Setting<T> {
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

/**
 * Proxies, each by its address or its network in CIDR form. Of Express's names for ranges only `loopback` is one: in the others clients live
 * as well, each of whom could then choose an address.
 */
export function hops(common: Common<readonly string[]>): Setting<readonly string[]> {
  return setting(common, (value) => {
    const words = value.split(',').map((word) => word.trim());
    if (!words.every(isHop)) {
      throw new Error('must be a comma-separated list of addresses, networks or loopback');
    }
    return words;
  });
}

function isHop(word: string): boolean {
  if (word === 'loopback') return true;
  const [address = '', bits, ...rest] = word.split('/');
  const version = isIP(address);
  if (version === 0 || address.includes('%') || rest.length > 0) return false;
  return (
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) >= 1 && Number(bits) <= (version === 4 ? 32 : 128))
  );
}

/** A URL of one of the given schemes; `valid` narrows it, and `form` says to what. */
export function url<T extends string | undefined>(
  common: Common<T> & { schemes: readonly string[]; valid?: (url: string) => boolean; form?: string },
): Setting<T> {
  const { form = '', valid = () => true } = common;
  const beginnings = common.schemes.map((scheme) => `${scheme}://`);
  return setting(common, (value) => {
    if (!beginnings.some((beginning) => value.startsWith(beginning)) || !valid(value)) {
      throw new Error(`must be a URL that starts with ${beginnings.join(' or ')}${form}`);
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
