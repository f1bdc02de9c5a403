import { RequestErrors } from './http.errors';

/** A position in a list that is sorted by a time: behind this one. */
export interface Position {
  readonly at: Date;
  readonly id: string;
}

const CURSOR = /^(-?[0-9a-z]{1,11})\.([0-9a-f]{32})$/;
const UUID_PARTS = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/;
/** Years 0000 to 9999: what a time of ours can be. */
const [FIRST_MS, LAST_MS] = [Date.parse('0000-01-01T00:00:00Z'), Date.parse('9999-12-31T23:59:59.999Z')];

/** Opaque to clients, but nothing in it is trusted: the owner and the filters come from the request, never from here. */
export function encodeCursor({ at, id }: Position): string {
  return Buffer.from(`${at.getTime().toString(36)}.${id.replaceAll('-', '')}`).toString('base64url');
}

/** @returns null when it is not a cursor of ours */
export function decodeCursor(cursor: string): Position | null {
  const [, time, id] = CURSOR.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  if (time === undefined || id === undefined) return null;
  const ms = parseInt(time, 36);
  if (ms < FIRST_MS || ms > LAST_MS) return null;
  return { at: new Date(ms), id: id.replace(UUID_PARTS, '$1-$2-$3-$4-$5') };
}

/**
 * Where a page begins; undefined for the first one.
 * @throws {AppError} `REQUEST.INVALID` when it is not a cursor of ours
 */
export function readCursor(cursor: string | undefined): Position | undefined {
  if (cursor === undefined) return undefined;
  const position = decodeCursor(cursor);
  if (position) return position;
  throw RequestErrors.invalid({ errors: [{ path: 'cursor', message: 'cursor must be the nextCursor of a page' }] });
}
