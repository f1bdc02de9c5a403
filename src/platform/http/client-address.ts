import { isIPv4, isIPv6 } from 'node:net';

/** Some proxies write `address:port` into `X-Forwarded-For`. */
const WITH_PORT = /^(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)$/;
/** RFC 4291 section 2.5.5.2: what an IPv4 client looks like on a socket that serves both. */
const MAPPED = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/;

/** Stands for the address of a client that has none. */
export const UNKNOWN_ADDRESS = 'unknown';

/**
 * The bare address of a client in its one form, without port, brackets or zone: IPv4 with its dots, also where it came mapped into IPv6;
 * IPv6 as RFC 5952 writes it. Whatever is kept or mailed of a client's address comes from here: as it came, it may be any text.
 * @param ip as Express tells it: undefined on a socket without an address, and whatever a trusted proxy has written
 * @returns null for what is no address
 */
export function clientAddress(ip: string | undefined): string | null {
  const [, bracketed, plain] = WITH_PORT.exec(ip ?? '') ?? [];
  const address = bracketed ?? plain ?? ip ?? '';
  if (isIPv4(address)) return address;
  if (!isIPv6(address)) return null;
  const [withoutZone = ''] = address.split('%');
  const canonical = new URL(`http://[${withoutZone}]`).hostname.slice(1, -1);
  const [, high, low] = MAPPED.exec(canonical) ?? [];
  return high === undefined || low === undefined ? canonical : [...bytesOf(high), ...bytesOf(low)].join('.');
}

/** The two bytes of a group of an IPv6 address. */
function bytesOf(group: string): number[] {
  const number = parseInt(group, 16);
  return [number >> 8, number & 255];
}
