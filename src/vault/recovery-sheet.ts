import { createHash } from 'node:crypto';
import { KEY_BYTES } from '../platform/crypto/chunked-encryption';
import { CROCKFORD_ALPHABET, crockfordSymbols, decodeCrockford, encodeCrockford } from '../platform/crypto/crockford';
import { MasterKeyError } from './master-key-error';
import type { MasterKey } from './master-keyring';

const CHECK_BYTES = 3;
const SYMBOLS = ((KEY_BYTES + CHECK_BYTES) * 8) / 5;
const FINGERPRINT_BYTES = 5;
/** `Key 2: …`; the word and the colon may be left out. */
const KEY_LINE = /^(?:key\s*)?(\d{1,9})\s*(?::|\s)\s*(.+)$/i;

/** What tells one vault's sheet from another's, and says nothing of any key: 8 symbols of the canary's hash. */
export function vaultFingerprint(canary: Buffer): string {
  const hash = createHash('sha256').update('pv1/fingerprint\0').update(canary).digest();
  return inGroups(encodeCrockford(hash.subarray(0, FINGERPRINT_BYTES)));
}

/**
 * The master keys of a vault as text for paper, 76 columns wide. Whoever has it and the database opens the vault.
 * @param keys ascending by number
 */
export function writeRecoverySheet(keys: readonly MasterKey[], fingerprint: string, printedAt: Date): string {
  return [
    '# PHOTOVAULT RECOVERY SHEET',
    '#',
    `# Vault   ${fingerprint}`,
    `# Printed ${printedAt.toISOString().slice(0, 10)}`,
    '#',
    '# Whoever has this sheet and the database can open the vault.',
    '# Keep it on paper, and not where the data is.',
    '#',
    '# The way back: type the lines that begin with "Key" into a file, then',
    '#   vault keys restore --from-sheet FILE',
    '# Small or capital letters, with or without dashes. O is 0; I and L are 1.',
    '',
    ...keys.map((key) => `Key ${key.kid}: ${inGroups(encodeCrockford(Buffer.concat([key.key, checkOf(key)])))}`),
    '',
  ].join('\n');
}

/**
 * Reads what somebody has typed from a sheet: lines that begin with `#`, and empty ones, say nothing.
 * @throws {MasterKeyError} a sentence that names every line with a mistake, and repeats nothing of a key
 */
export function readRecoverySheet(text: string): MasterKey[] {
  const keys = new Map<number, Buffer>();
  const mistakes: string[] = [];
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    // A byte order mark is what some editors begin with.
    const typed = line.replace(/^\uFEFF/, '').trim();
    if (typed === '' || typed.startsWith('#')) continue;
    const read = readLine(typed);
    if (typeof read === 'string') mistakes.push(`line ${index + 1}: ${read}`);
    else if (keys.has(read.kid)) mistakes.push(`line ${index + 1}: key ${read.kid} is there twice`);
    else keys.set(read.kid, read.key);
  }
  if (mistakes.length > 0) {
    throw new MasterKeyError(`The recovery sheet cannot be used:\n- ${mistakes.join('\n- ')}\nNothing was written.`);
  }
  if (keys.size === 0) throw new MasterKeyError('There is no key on the recovery sheet. Nothing was written.');
  return Array.from(keys, ([kid, key]) => ({ kid, key })).sort((a, b) => a.kid - b.kid);
}

/** @returns the key, or what is wrong with the line */
function readLine(typed: string): MasterKey | string {
  const [, number, rest = ''] = KEY_LINE.exec(typed) ?? [];
  if (number === undefined) return 'it is not of the form "Key <number>: <letters and digits>"';
  const kid = Number(number);
  const symbols = crockfordSymbols(rest);
  const strangers = [...new Set(symbols)].filter((symbol) => !CROCKFORD_ALPHABET.includes(symbol));
  if (strangers.length > 0) return `key ${kid} has a sign that is in no key: ${strangers.join(' ')}`;
  if (symbols.length !== SYMBOLS)
    return `key ${kid} has ${symbols.length} letters and digits, and should have ${SYMBOLS}`;
  const bytes = decodeCrockford(symbols) ?? Buffer.alloc(KEY_BYTES + CHECK_BYTES);
  const key = bytes.subarray(0, KEY_BYTES);
  if (checkOf({ kid, key }).equals(bytes.subarray(KEY_BYTES))) return { kid, key };
  return `there is a mistake in key ${kid}, or in its number`;
}

/** 24 bits that a slip of the pen changes; the number is in them, so that no key comes back under another's. */
function checkOf({ kid, key }: MasterKey): Buffer {
  return createHash('sha256').update(`pv1/recovery-sheet\0${kid}\0`).update(key).digest().subarray(0, CHECK_BYTES);
}

function inGroups(symbols: string): string {
  return symbols.replace(/.{4}(?=.)/g, '$&-');
}
