import { numberedName, shortenedName } from '../names/numbered-name';
import { NumberTable } from './number-table';

/** Separators and what Windows forbids; control characters, and halves of surrogate pairs, which UTF-8 cannot write. */
const FORBIDDEN = /[<>:"/\\|?*\p{Cc}\p{Cs}]/gu;

/** Windows drops dots and spaces at the end, and what remains may be another file's name. */
const DROPPED = /[. ]+$/;

/** Devices of Windows, with any extension; the superscripts count as digits there. */
const DEVICE = /^(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³])[ ]*(?:\.|$)/i;

/**
 * A name that every system can write: the same wherever that is possible.
 * @param wanted of a file, without folders
 * @returns NFC, not empty, at most 255 bytes in UTF-8, without separators and what Windows forbids
 */
export function safeEntryName(wanted: string): string {
  const allowed = wanted.normalize('NFC').replace(FORBIDDEN, '_').replace(DROPPED, '');
  const named = allowed === '' || DEVICE.test(allowed) ? `_${allowed}` : allowed;
  return shortenedName(named).replace(DROPPED, '');
}

/**
 * The name of an entry by its number among those that would have the same one.
 * @param number from {@link entryNumberer}
 */
export function entryName(wanted: string, number: number): string {
  const name = safeEntryName(wanted);
  return number === 0 ? name : numberedName(name, number);
}

/**
 * Gives one folder of an archive numbers that make names of which no two are the same, even to systems that do not tell upper case from lower:
 * 0 to whoever comes first, and later ones another, which stands for "photo (1).jpg". The same names in the same order always get the same
 * numbers. Takes 25 bytes for each; that it may take two names for one, ever so rarely, costs a number that was not needed.
 */
export function entryNumberer(): (wanted: string) => number {
  /** By key, the last number that was given to it. */
  const taken = new NumberTable();
  return (wanted) => {
    const name = safeEntryName(wanted);
    const key = keyOf(name);
    const last = taken.get(key);
    let number = 0;
    if (last !== undefined) {
      // Continues where the last one of this name stopped, so that thousands of one name do not ask for all numbers each time.
      for (number = last + 1; taken.get(keyOf(numberedName(name, number))) !== undefined; number++);
      taken.set(keyOf(numberedName(name, number)), 0);
    }
    taken.set(key, number);
    return number;
  };
}

/** The same, by name: "photo.jpg", then "photo (1).jpg". */
export function entryNamer(): (wanted: string) => string {
  const numberOf = entryNumberer();
  return (wanted) => entryName(wanted, numberOf(wanted));
}

/** Two names with one key are one file to some system. */
function keyOf(name: string): string {
  return name.toUpperCase().toLowerCase().normalize('NFC');
}
