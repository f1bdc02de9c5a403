/** One entity tag of a list, its opaque part captured; commas may stand inside the quotes (RFC 9110 section 8.8.3). */
const LISTED_TAG = /[ \t,]*(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")(?=[ \t]*(?:,|$))/gy;

/**
 * Whether the client already holds this content, so that a GET or HEAD is answered 304 (RFC 9110 section 13.1.2).
 * A list is read up to its first malformed element: at worst the client gets the content once more.
 *
 * @param header If-None-Match as Node delivers it, if there is one
 * @param etag the current strong entity tag, with its quotes
 */
export function matchesIfNoneMatch(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  // RFC 9110 section 13.1.2: with "*" the condition is false, here: it matches, if there is a current representation.
  if (header === '*') return true;
  // RFC 9110 section 13.1.2: "A recipient MUST use the weak comparison function", which disregards W/ (section 8.8.3.2).
  return Array.from(header.matchAll(LISTED_TAG)).some(([, opaqueTag]) => opaqueTag === etag);
}

/**
 * Whether the Range header may be honoured; where it may not, the whole content goes out with 200 (RFC 9110 section 13.1.5).
 * A date never holds, because no Last-Modified is ever sent.
 *
 * @param header If-Range as Node delivers it, if there is one
 * @param etag the current strong entity tag, with its quotes
 */
export function ifRangeHolds(header: string | undefined, etag: string): boolean {
  // RFC 9110 section 13.1.5: the tag must match by strong comparison, which no W/ survives (section 8.8.3.2).
  return header === undefined || header === etag;
}
