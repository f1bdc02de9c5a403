/** What a download sends: everything (200), the bytes from `start` to `end`, both included (206), or nothing (416). */
export type SelectedRange =
  { kind: 'whole' } | { kind: 'range'; start: number; end: number } | { kind: 'unsatisfiable' };

/** One byte range, in either form; the space after "=" is erratum 7306, empty list elements are section 5.6.1. */
const SINGLE_BYTE_RANGE = /^bytes=[ \t,]*(\d*)-(\d*)[ \t,]*$/i;

const WHOLE: SelectedRange = { kind: 'whole' };
const UNSATISFIABLE: SelectedRange = { kind: 'unsatisfiable' };

/**
 * Reads the Range header of a GET (RFC 9110 section 14). Other methods ignore the header, and so does this function
 * wherever ignoring it is allowed and simpler: other units, more than one range, anything malformed.
 *
 * @param header Range as Node delivers it, if there is one
 * @param size of the content in bytes, at most 2^53 − 1; any number of digits in the header is safe
 */
export function parseRange(header: string | undefined, size: number): SelectedRange {
  // RFC 9110 section 14.2: "A server MAY ignore the Range header field", and MUST for a range unit it does not understand.
  const match = SINGLE_BYTE_RANGE.exec(header ?? '');
  if (!match) return WHOLE;
  const [, first, last] = match;
  if (first === '') return last === '' ? WHOLE : selectSuffix(Number(last), size);

  // RFC 9110 section 14.1.1: "An int-range is invalid if the last-pos value is present and less than first-pos."
  // Compared as BigInt: beyond 2^53 two numbers can look equal.
  if (last !== '' && BigInt(last) < BigInt(first)) return WHOLE;
  // RFC 9110 section 14.1.2: an int-range is satisfiable if its first-pos is less than the current length.
  const start = Number(first);
  if (start >= size) return UNSATISFIABLE;
  // RFC 9110 section 14.1.2: a last-pos that is absent or beyond the end means the last byte.
  return { kind: 'range', start, end: last === '' ? size - 1 : Math.min(Number(last), size - 1) };
}

function selectSuffix(length: number, size: number): SelectedRange {
  // RFC 9110 section 14.1.2: a suffix-range is satisfiable if its suffix-length is non-zero.
  if (length === 0) return UNSATISFIABLE;
  // Of an empty file it selects the whole, for which RFC 9110 section 14.4 has no Content-Range to say so.
  if (size === 0) return WHOLE;
  // RFC 9110 section 14.1.2: the whole is used where it is shorter than the suffix-length.
  return { kind: 'range', start: size - Math.min(length, size), end: size - 1 };
}
