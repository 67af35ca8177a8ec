import { BlockList, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import ipaddr from 'ipaddr.js'

/** Tells which addresses this service may connect to on a caller's behalf. */
export interface Reach {
  /** In a network that the operator has named. */
  isOwn(address: string): boolean
  /** On the public internet, and not this machine. */
  isPublic(address: string): boolean
}

// Within public ranges, but answered by the cloud that a machine runs in: Azure's host.
const METADATA = ['168.63.129.16']
// Whatever IPv6 has outside of this is local, special, or carries an IPv4 address in it.
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3')

/** The reach of a service whose operator has named these networks, such as `10.1.0.0/16`. */
export function reachOf(networks: readonly string[]): Reach {
  const own = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    own.addSubnet(address, bits === undefined ? { ipv4: 32, ipv6: 128 }[family] : Number(bits), family)
  }
  return {
    isOwn: (address) => own.check(address, isIPv6(address) ? 'ipv6' : 'ipv4'),
    isPublic: (address) => isUnicast(address) && !METADATA.includes(address) && !isThisMachine(address),
  }
}

function isUnicast(address: string): boolean {
  const parsed = ipaddr.parse(address)
  if (parsed.range() !== 'unicast') return false
  return parsed.kind() === 'ipv4' || parsed.match(GLOBAL_IPV6)
}

function isThisMachine(address: string): boolean {
  const found = ipaddr.parse(address).toString()
  return Object.values(networkInterfaces()).some((held) =>
    held?.some((each) => ipaddr.parse(each.address).toString() === found),
  )
}
