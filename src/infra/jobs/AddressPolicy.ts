/**
 * Addresses that no job may reach: link-local ones, behind which clouds keep their metadata and credentials.
 *
 * The check is made on the address that the connection uses, not on the name, so that a name which resolves differently
 * the second time gets nowhere.
 */
import { lookup as resolve, type LookupAddress, type LookupOptions } from "node:dns"
import { BlockList, isIP, isIPv4, isIPv6 } from "node:net"

const refused = new BlockList()
refused.addSubnet("169.254.0.0", 16, "ipv4")
refused.addSubnet("fe80::", 10, "ipv6")
// Metadata and credential services outside the link-local range.
refused.addAddress("100.100.100.200", "ipv4") // Alibaba Cloud
refused.addAddress("168.63.129.16", "ipv4") // Azure
refused.addAddress("192.0.0.192", "ipv4") // Oracle Cloud, classic
refused.addSubnet("fd00:ec2::", 32, "ipv6") // AWS: metadata, time, DNS, pod identity
refused.addSubnet("fd20:ce::", 32, "ipv6") // Google Cloud

/** The job asks for an address that it may not have; trying again cannot help. */
export class AddressRefused extends Error {
  override readonly name = "AddressRefused"
  readonly retryable = false
}

const groupsIn = (part: string): ReadonlyArray<number> =>
  part === "" ? [] : part.split(":").flatMap((piece) => {
    if (!piece.includes(".")) return [Number.parseInt(piece, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = piece.split(".").map(Number)
    return [(a << 8) | b, (c << 8) | d]
  })

/** The eight groups of a valid IPv6 address, in whichever spelling. */
const groupsOf = (address: string): ReadonlyArray<number> => {
  const [head = "", tail] = address.split("::")
  const left = groupsIn(head)
  if (tail === undefined) return left
  const right = groupsIn(tail)
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right]
}

/** Where, in the sixteen bytes, the four of an IPv4 address are. */
const last = [12, 13, 14, 15]
/** Ways to write an IPv4 address as IPv6: the groups that tell them (the others do not matter) and where it is. */
const embeddings: ReadonlyArray<readonly [groups: ReadonlyArray<number | undefined>, at: ReadonlyArray<number>]> = [
  [[0, 0, 0, 0, 0, 0], last], // IPv4-compatible, RFC 4291
  [[0, 0, 0, 0, 0, 0xffff], last], // IPv4-mapped, RFC 4291
  [[0, 0, 0, 0, 0xffff, 0], last], // IPv4-translated, RFC 7915
  [[0x64, 0xff9b, 0, 0, 0, 0], last], // NAT64, RFC 6052
  // NAT64 of one's own, RFC 8215, where the network chooses the length of the prefix: 48, 56, 64 or 96 bits.
  [[0x64, 0xff9b, 1], [6, 7, 9, 10]],
  [[0x64, 0xff9b, 1], [7, 9, 10, 11]],
  [[0x64, 0xff9b, 1], [9, 10, 11, 12]],
  [[0x64, 0xff9b, 1], last],
  [[0x2002], [2, 3, 4, 5]], // 6to4, RFC 3056
  [[undefined, undefined, undefined, undefined, 0, 0x5efe], last], // ISATAP, RFC 5214
  [[undefined, undefined, undefined, undefined, 0x200, 0x5efe], last]
]

/** Every IPv4 address that may be meant by the IPv6 address. */
const embeddedIPv4 = (address: string): ReadonlyArray<string> => {
  const groups = groupsOf(address)
  const bytes = groups.flatMap((group) => [group >> 8, group & 255])
  const spell = (at: ReadonlyArray<number>, mask = 0) => at.map((index) => (bytes[index] ?? 0) ^ mask).join(".")
  const found = embeddings
    .filter(([told]) => told.every((group, index) => group === undefined || group === groups[index]))
    .map(([, at]) => spell(at))
  // Teredo, RFC 4380, writes it with all bits turned over.
  return groups[0] === 0x2001 && groups[1] === 0 ? [...found, spell(last, 255)] : found
}

/** Takes what DNS and URLs give; what is no address at all is refused. */
export const isRefused = (address: string): boolean => {
  const plain = address.replace(/%.*$/u, "")
  if (isIPv4(plain)) return refused.check(plain, "ipv4")
  if (!isIPv6(plain)) return true
  return refused.check(plain, "ipv6") || embeddedIPv4(plain).some((embedded) => refused.check(embedded, "ipv4"))
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
