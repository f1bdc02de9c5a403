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
const LAST_DATE_MS = 8_640_000_000_000_000;

/** Opaque to clients, but nothing in it is trusted: the owner and the filters come from the request, never from here. */
export function encodeCursor({ at, id }: Position): string {
  return Buffer.from(`${at.getTime().toString(36)}.${id.replaceAll('-', '')}`).toString('base64url');
}

/** @returns null when it is not a cursor of ours */
export function decodeCursor(cursor: string): Position | null {
  const [, time, id] = CURSOR.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  if (time === undefined || id === undefined) return null;
  const ms = parseInt(time, 36);
  if (Math.abs(ms) > LAST_DATE_MS) return null;
  return { at: new Date(ms), id: id.replace(UUID_PARTS, '$1-$2-$3-$4-$5') };
}
