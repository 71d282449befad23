import { AddressRefused, guardedLookup, isRefused, refuseLiteral } from "#infra/jobs/AddressPolicy.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

describe("The address policy", () => {
  it.each([
    ["link-local", "169.254.169.254"],
    ["Alibaba Cloud", "100.100.100.200"],
    ["Azure", "168.63.129.16"],
    ["Oracle Cloud", "192.0.0.192"],
    ["link-local over IPv6", "fe80::1"],
    ["link-local with a zone", "fe80::1%eth0"],
    ["AWS over IPv6", "fd00:ec2::254"],
    ["EKS pod identity", "fd00:ec2::23"],
    ["EKS pod identity in full", "fd00:0ec2:0000:0000:0000:0000:0000:0023"],
    ["Google Cloud over IPv6", "fd20:ce::254"]
  ])("refuses the metadata service of %s", (_, address) => assert.isTrue(isRefused(address)))

  it.each([
    ["mapped", "::ffff:a9fe:a9fe"],
    ["mapped, dotted", "::ffff:169.254.169.254"],
    ["mapped, in full", "0:0:0:0:0:FFFF:A9FE:A9FE"],
    ["translated", "::ffff:0:a9fe:a9fe"],
    ["compatible", "::a9fe:a9fe"],
    ["compatible, dotted", "::169.254.169.254"],
    ["NAT64", "64:ff9b::a9fe:a9fe"],
    ["NAT64, dotted", "64:ff9b::169.254.169.254"],
    ["NAT64 of one's own", "64:ff9b:1::a9fe:a9fe"],
    ["NAT64 of one's own, 48 bits", "64:ff9b:1:a9fe:a9:fe00::"],
    ["NAT64 of one's own, 56 bits", "64:ff9b:1:a9:fe:a9fe::"],
    ["NAT64 of one's own, 64 bits", "64:ff9b:1:0:a9:fea9:fe00:0"],
    ["6to4", "2002:a9fe:a9fe::"],
    ["ISATAP", "2001:db8::5efe:169.254.169.254"],
    ["Teredo", "2001:0:102:304::5601:5601"]
  ])("sees through an IPv4 address written as IPv6: %s", (_, address) => assert.isTrue(isRefused(address)))

  it.each([
    "127.0.0.1",
    "10.0.0.1",
    "93.184.216.34",
    "::1",
    "fd00:ec3::254",
    "fd20:cf::1",
    "2001:db8::a9fe:a9fe",
    "2606:4700:a9fe:a9fe::",
    "64:ff9b::5db8:d822",
    "64:ff9b:1::5db8:d822",
    "2002:5db8:d822::1",
    "::ffff:93.184.216.34"
  ])("lets %s pass", (address) => assert.isFalse(isRefused(address)))

  it("refuses what is no address", () => assert.isTrue(isRefused("metadata.example")))

  it.each([
    "http://[::169.254.169.254]/",
    "http://[fd20:ce::254]/",
    "http://[2002:a9fe:a9fe::]/",
    "http://0xa9fea9fe/",
    "http://2852039166/",
    "http://169.254.169.254./"
  ])("refuses the host of %s", (url) => assert.throws(() => refuseLiteral(new URL(url).hostname), AddressRefused))

  it.effect("fails a lookup that leads to refused addresses only, finally", () =>
    Effect.gen(function*() {
      const error = yield* Effect.callback<Error | null>((resume) => {
        guardedLookup("::ffff:0:a9fe:a9fe", {}, (cause) => resume(Effect.succeed(cause)))
      })
      assert.instanceOf(error, AddressRefused)
    }))
})
