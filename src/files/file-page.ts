import type { Position } from '../platform/http/cursor';

/** `taken` falls back to `created` for a file without a date. */
export const ORDERS = ['taken', 'created'] as const;
export const DIRECTIONS = ['asc', 'desc'] as const;

export type Order = (typeof ORDERS)[number];
export type Direction = (typeof DIRECTIONS)[number];

/** Which part of an owner's files is asked for. */
export interface FilePage {
  readonly order: Order;
  readonly direction: Direction;
  readonly limit: number;
  readonly folderId?: string;
  readonly after?: Position;
}
