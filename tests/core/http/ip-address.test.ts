import { describe, expect, test } from "bun:test";
import { addressText, isWithinNetworks, parseAddress, parseNetwork } from "../../../src/core/http/ip-address.ts";

describe("parseAddress", () => {
  test.each([
    ["10.0.0.2", "10.0.0.2"],
    ["10.0.0.2:80", "10.0.0.2"],
    ["255.255.255.255", "255.255.255.255"],
    ["::ffff:10.0.0.2", "10.0.0.2"],
    ["::FFFF:0a00:0002", "10.0.0.2"],
    ["[::ffff:10.0.0.2]:443", "10.0.0.2"],
    ["::1", "::1"],
    ["[::1]", "::1"],
    ["[::1]:1234", "::1"],
    ["::", "::"],
    ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["fe80::1%eth0", "fe80::1"],
    ["64:ff9b::192.0.2.1", "64:ff9b::c000:201"],
    ["1::", "1::"],
  ])("FWD-04: %j is %s", (text, expected) => {
    const bytes = parseAddress(text);

    expect(bytes === null ? null : addressText(bytes)).toBe(expected);
  });

  test.each([
    [""],
    ["unknown"],
    ["_hidden"],
    ["10.0.0"],
    ["10.0.0.256"],
    ["010.0.0.1"],
    ["0x7f.1"],
    ["127.1"],
    ["2130706433"],
    ["10.0.0.1 "],
    ["10.0.0.1:"],
    ["10.0.0.1:123456"],
    ["10.0.0.1/8"],
    [":::1"],
    ["1::2::3"],
    ["1:2:3:4:5:6:7"],
    ["1:2:3:4:5:6:7:8:9"],
    ["1:2:3:4:5:6:7:8::"],
    ["12345::"],
    ["::g"],
    ["[::1"],
    ["::1]"],
    ["[::1]:x"],
    ["[10.0.0.1"],
    ["::ffff:10.0.0.256"],
    ["::10.0.0.1:1"],
    ["10.0.0.1, 10.0.0.2"],
  ])("FWD-04: %j is not an address", (text) => {
    expect(parseAddress(text)).toBeNull();
  });
});

describe("isWithinNetworks", () => {
  test.each([
    ["10.0.0.0/8", "10.255.1.2", true],
    ["10.0.0.0/8", "::ffff:10.1.1.1", true],
    ["10.0.0.0/8", "11.0.0.0", false],
    ["172.16.0.0/12", "172.31.255.255", true],
    ["172.16.0.0/12", "172.32.0.0", false],
    ["192.0.2.7", "192.0.2.7", true],
    ["192.0.2.7", "192.0.2.8", false],
    ["0.0.0.0/0", "8.8.8.8", true],
    ["0.0.0.0/0", "2001:db8::1", false],
    ["::/0", "8.8.8.8", false],
    ["::/0", "2001:db8::1", true],
    ["fe80::/10", "fe80::1%eth0", true],
    ["fe80::/10", "febf::1", true],
    ["fe80::/10", "fec0::1", false],
    ["::1/128", "::1", true],
    ["::1/128", "::2", false],
    ["::ffff:10.0.0.0/104", "10.9.9.9", true],
    ["::ffff:10.0.0.0/104", "11.9.9.9", false],
    ["192.0.2.128/25", "192.0.2.127", false],
    ["192.0.2.128/25", "192.0.2.128", true],
  ])("FWD-04: %s contains %s: %p", (network, address, holds) => {
    const [parsed, bytes] = [parseNetwork(network), parseAddress(address)];

    expect(parsed !== null && bytes !== null && isWithinNetworks(bytes, [parsed])).toBe(holds);
  });

  test.each([
    ["10.0.0.0/33"],
    ["10.0.0.0/-1"],
    ["10.0.0.0/x"],
    ["10.0.0.0/8/8"],
    ["::/129"],
    ["[::1]/128"],
    ["a/8"],
    ["/8"],
    ["10.0.0.0/"],
    ["::ffff:10.0.0.0/95"],
  ])("%j is not a network", (text) => {
    expect(parseNetwork(text)).toBeNull();
  });
});
