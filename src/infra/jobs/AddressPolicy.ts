/**
 * Addresses that no job may reach: link-local ones, behind which clouds keep their metadata and credentials.
 *
 * The check is made on the address that the connection uses, not on the name, so that a name which resolves differently
 * the second time gets nowhere.
 */
import { lookup as resolve, type LookupAddress, type LookupOptions } from "node:dns"
import { BlockList, isIP, isIPv4 } from "node:net"

const refused = new BlockList()
refused.addSubnet("169.254.0.0", 16, "ipv4")
refused.addSubnet("fe80::", 10, "ipv6")
// Metadata services outside the link-local range: Alibaba Cloud; AWS over IPv6; Oracle Cloud's classic range.
refused.addAddress("100.100.100.200", "ipv4")
refused.addAddress("fd00:ec2::254", "ipv6")
refused.addSubnet("192.0.0.192", 32, "ipv4")

/** The job asks for an address that it may not have; trying again cannot help. */
export class AddressRefused extends Error {
  override readonly name = "AddressRefused"
  readonly retryable = false
}

/** IPv4 addresses written as IPv6: `::ffff:a.b.c.d`, in its dotted and its hexadecimal spelling, and NAT64. */
const embeddedIPv4 = (address: string): string | undefined => {
  const dotted = /^(?:::ffff:|64:ff9b::)(\d+\.\d+\.\d+\.\d+)$/iu.exec(address)
  if (dotted !== null) return dotted[1]
  const hex = /^(?:::ffff:|64:ff9b::)([0-9a-f]{1,4}):([0-9a-f]{1,4})$/iu.exec(address)
  if (hex === null) return undefined
  const high = Number.parseInt(hex[1] ?? "0", 16)
  const low = Number.parseInt(hex[2] ?? "0", 16)
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
}

export const isRefused = (address: string): boolean => {
  const plain = address.replace(/%.*$/u, "")
  const v4 = isIPv4(plain) ? plain : embeddedIPv4(plain)
  return v4 === undefined ? refused.check(plain, "ipv6") : refused.check(v4, "ipv4")
}

/** For hosts that are written as addresses: they are connected to without a lookup. */
export const refuseLiteral = (hostname: string): void => {
  const host = hostname.replace(/^\[|\]$/gu, "")
  if (isIP(host) !== 0 && isRefused(host)) throw new AddressRefused(`the address ${host} is not allowed`)
}

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | Array<LookupAddress>,
  family?: number
) => void

/** A `lookup` for sockets that leaves out refused addresses and fails when none is left. */
export const guardedLookup = (hostname: string, options: LookupOptions, callback: LookupCallback): void => {
  resolve(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, "")
    const allowed = addresses.filter(({ address }) => !isRefused(address))
    const [first] = allowed
    if (first === undefined) {
      return callback(new AddressRefused(`${hostname} leads to an address that is not allowed`), "")
    }
    return options.all === true ? callback(null, allowed) : callback(null, first.address, first.family)
  })
}
