import { isIPv4 } from 'node:net';
import { clientAddress, UNKNOWN_ADDRESS } from './client-address';

/**
 * What counts as one client: an IPv4 address, or the /64 network of an IPv6 address, because whoever has one address of such a network
 * usually has them all (RFC 6177).
 * @param ip as Express tells it, or as `ClientIp` does
 * @returns `192.0.2.1`, `2001:db8:0:0::/64`, or `unknown`, which all share that have no address
 */
export function clientNetwork(ip: string | undefined): string {
  const address = clientAddress(ip);
  if (address === null) return UNKNOWN_ADDRESS;
  return isIPv4(address) ? address : `${groupsOf(address).slice(0, 4).join(':')}::/64`;
}

/** The eight groups of an IPv6 address as `clientAddress` writes it. */
function groupsOf(address: string): string[] {
  const [left = [], right = []] = address.split('::').map((part) => (part === '' ? [] : part.split(':')));
  return [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
}
