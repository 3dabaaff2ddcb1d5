import { BlockList, isIP, isIPv6 } from 'node:net';

/** An address as peers are known by: IPv4 that arrived over IPv6 (`::ffff:192.0.2.1`) is IPv4, zones are left off. */
export function plainAddress(address: string): string {
  const bare = address.replace(/%.*$/, '');
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1];
  return mapped ?? bare;
}

/** Reads addresses and CIDR ranges once; the result tells whether an address is among them. An empty list allows any. Throws on what is neither. */
export function matchAddress(allow: readonly string[]): (address: string) => boolean {
  if (allow.length === 0) return () => true;
  const listed = new BlockList();
  for (const entry of allow) {
    const [address = '', prefix, ...rest] = entry.trim().split('/');
    const family = isIP(address) === 0 ? undefined : isIPv6(address) ? 'ipv6' : 'ipv4';
    const bits = family === 'ipv6' ? 128 : 32;
    if (family === undefined || rest.length > 0 || (prefix !== undefined && (!/^\d{1,3}$/.test(prefix) || Number(prefix) > bits))) {
      throw new Error(`acknowledgement.http.allow: expected an address or a CIDR range such as 192.0.2.0/24, entry ${allow.indexOf(entry) + 1}`);
    }
    listed.addSubnet(address, prefix === undefined ? bits : Number(prefix), family);
  }
  return (address) => {
    const plain = plainAddress(address);
    return isIP(plain) !== 0 && listed.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
  };
}
