/** `taken` falls back to `created` for a file without a date. */
export const ORDERS = ['taken', 'created'] as const;
export const DIRECTIONS = ['asc', 'desc'] as const;

export type Order = (typeof ORDERS)[number];
export type Direction = (typeof DIRECTIONS)[number];

/** A position in a sorted list: behind this one. */
export interface Position {
  readonly at: Date;
  readonly id: string;
}

/** Which part of an owner's files is asked for. */
export interface FilePage {
  readonly order: Order;
  readonly direction: Direction;
  readonly limit: number;
  readonly folderId?: string;
  readonly after?: Position;
}

const CURSOR = /^(-?[0-9a-z]{1,11})\.([0-9a-f]{32})$/;
const UUID_PARTS = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/;
/** Years 0000 to 9999: what a `takenAt` can be. */
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
