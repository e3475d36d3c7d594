import { describe, expect, test } from "bun:test";
import { parseAddress } from "../../../src/core/http/ip-address.ts";
import { addressRefusal, specialAddress } from "../../../src/core/upstream/upstream-reach.ts";

const special = (text: string) => {
  const bytes = parseAddress(text);
  return bytes === null ? "does not parse" : specialAddress(bytes);
};

describe("UPS-02: one list of special addresses, for every way to write an IPv4 address into an IPv6 one", () => {
  test.each([
    ["169.254.169.254", "link-local"],
    ["169.254.0.1", "link-local"],
    ["fe80::1", "link-local"],
    ["febf::1", "link-local"],
    ["fec0::1", "link-local"],
    ["::ffff:169.254.169.254", "link-local"],
    ["::169.254.169.254", "link-local"],
    ["::ffff:0:169.254.169.254", "link-local"],
    ["64:ff9b::169.254.169.254", "link-local"],
    ["64:ff9b:1::169.254.169.254", "link-local"],
    ["64:ff9b:1:a9fe:a9:fe00::", "link-local"],
    ["64:ff9b:1:00a9:fe:a9fe::", "link-local"],
    ["64:ff9b:1:0:a9:fea9:fe00:0", "link-local"],
    ["2002:a9fe:a9fe::", "link-local"],
    ["2001:0:a9fe:a9fe::1", "link-local"],
    ["2001:0:4136:e378:8000:63bf:5601:5601", "link-local"],
    ["2001:db8::5efe:169.254.169.254", "link-local"],
    ["2001:db8::200:5efe:169.254.169.254", "link-local"],
    ["100.100.100.200", "cloud metadata"],
    ["::ffff:100.100.100.200", "cloud metadata"],
    ["2002:6464:64c8::1", "cloud metadata"],
    ["64:ff9b::6464:64c8", "cloud metadata"],
    ["168.63.129.16", "cloud metadata"],
    ["192.0.0.192", "cloud metadata"],
    ["fd00:ec2::254", "cloud metadata"],
    ["fd20:ce::254", "cloud metadata"],
    ["224.0.0.1", "multicast or reserved"],
    ["255.255.255.255", "multicast or reserved"],
    ["ff02::1", "multicast or reserved"],
    ["127.0.0.1", "loopback"],
    ["::1", "loopback"],
    ["::", "loopback"],
    ["0.1.2.3", "loopback"],
    ["::127.0.0.1", "loopback"],
    ["64:ff9b::127.0.0.1", "loopback"],
    ["2002:7f00:1::", "loopback"],
    ["2001:0:4136:e378:8000:63bf:80ff:fffe", "loopback"],
  ])("%s is %s", (address, kind) => {
    expect(special(address)).toBe(kind);
  });

  test.each([
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.201",
    "fd00::1",
    "fd00:ec2::1",
    "2001:db8::1",
    "2002:c000:204::1",
    "64:ff9b::10.1.2.3",
    "64:ff9b:1::10.1.2.3",
    "2a00:1450:4001:81b::200e",
  ])("%s is nothing special", (address) => {
    expect(special(address)).toBeNull();
  });
});

test.each([
  ["169.254.169.254", "no_link_local", "is a link-local address, which akproxy always refuses"],
  ["100.100.100.200", "no_link_local", "is a cloud metadata address, which akproxy always refuses"],
  ["100.100.100.200", "no_loopback", "is a cloud metadata address, which akproxy always refuses"],
  ["239.1.1.1", "no_loopback", "is a multicast or reserved address, which akproxy always refuses"],
  ["127.0.0.1", "no_loopback", "is a loopback address, and the host is not listed by its name"],
  ["127.0.0.1", "no_link_local", null],
  ["10.0.0.1", "no_loopback", null],
  ["169.254.169.254", "anywhere", null],
  ["foo.test", "no_loopback", "is not an address"],
] as const)("%s with %s: %p", (address, reach, refusal) => {
  expect(addressRefusal(address, reach)).toBe(refusal);
});
