import { numberedName, shortenedName } from '../names/numbered-name';

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
 * Gives one folder of an archive safe names of which no two are the same, even to systems that do not tell upper case from lower: whoever comes
 * later gets a number, "photo (1).jpg". The same names in the same order are always named the same.
 */
export function entryNamer(): (wanted: string) => string {
  /** By key, the last number that was given to it. */
  const taken = new Map<string, number>();
  return (wanted) => {
    const name = safeEntryName(wanted);
    const key = keyOf(name);
    let unique = name;
    // Continues where the last one of this name stopped, so that thousands of one name do not ask for all numbers each time.
    for (let n = (taken.get(key) ?? -1) + 1; ; n++) {
      if (n > 0) unique = numberedName(name, n);
      if (n === 0 || !taken.has(keyOf(unique))) {
        taken.set(key, n);
        break;
      }
    }
    if (unique !== name) taken.set(keyOf(unique), 0);
    return unique;
  };
}

/** Two names with one key are one file to some system. */
function keyOf(name: string): string {
  return name.toUpperCase().toLowerCase().normalize('NFC');
}
