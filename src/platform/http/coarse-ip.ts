import { isIPv4 } from 'node:net';
import { clientAddress, UNKNOWN_ADDRESS } from './client-address';

/** Enough of an address to recognise one's own network: the IPv4 /16 or the IPv6 /32. For people; limits use `clientNetwork`. */
export function coarseIp(ip: string): string {
  const address = clientAddress(ip);
  if (address === null) return UNKNOWN_ADDRESS;
  return isIPv4(address)
    ? `${address.split('.').slice(0, 2).join('.')}.x.x`
    : `${address.split(':').slice(0, 2).join(':')}:…`;
}
