import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import type { Certificate } from "../core/provider.ts";
import {
  bitString,
  booleanTrue,
  element,
  objectIdentifier,
  octetString,
  positiveInteger,
  sequence,
  setOf,
  time,
  utf8String,
} from "./der.ts";

export interface SelfSignedOptions {
  readonly names: readonly string[]; //            DNS names (`*.` allowed) and IP addresses without brackets
  readonly days: number;
  readonly now: number; //                         seconds since the epoch
}

const ecdsaWithSha256 = sequence(objectIdentifier("1.2.840.10045.4.3.2"));
const clockSlackSeconds = 3600; //                 the clock of a client may be behind

/** A new EC P-256 key and its self-signed certificate for `names` (RFC 5280). Takes 1 ms and no dependency. */
export function makeSelfSigned({ names, days, now }: SelfSignedOptions): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = sequence(setOf(sequence(objectIdentifier("2.5.4.3"), utf8String("akproxy self-signed"))));
  const toSign = sequence(
    element(0xa0, positiveInteger(Uint8Array.of(2))), // version 3
    positiveInteger(randomBytes(16)),
    ecdsaWithSha256,
    name,
    sequence(time(now - clockSlackSeconds), time(now + days * 86_400)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    element(0xa3, sequence(...extensions(names))),
  );
  const signature = sign("sha256", toSign, privateKey);
  return {
    certificatePem: pem("CERTIFICATE", sequence(toSign, ecdsaWithSha256, bitString(signature))),
    keyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** RFC 5280 4.2.1: an end entity that signs handshakes (digitalSignature), as a server, under `names`. */
function extensions(names: readonly string[]): readonly Uint8Array[] {
  return [
    extension("2.5.29.19", "critical", sequence()),
    extension("2.5.29.15", "critical", bitString(Uint8Array.of(0x80), 7)),
    extension("2.5.29.37", "ignorable", sequence(objectIdentifier("1.3.6.1.5.5.7.3.1"))),
    extension("2.5.29.17", "ignorable", sequence(...names.map(generalName))),
  ];
}

function extension(id: string, weight: "critical" | "ignorable", value: Uint8Array): Uint8Array {
  const critical = weight === "critical" ? [booleanTrue] : [];
  return sequence(objectIdentifier(id), ...critical, octetString(value));
}

/** dNSName or iPAddress (RFC 5280 4.2.1.6). */
function generalName(name: string): Uint8Array {
  const address = addressBytes(name);
  return address === null ? element(0x82, Buffer.from(name, "ascii")) : element(0x87, address);
}

function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/** The 4 or 16 bytes of an IP address; null for any other name. The URL parser knows every spelling of IPv6. */
export function addressBytes(name: string): Uint8Array | null {
  if (/^\d+(\.\d+){3}$/.test(name)) return Uint8Array.from(name.split(".").map(Number));
  if (!name.includes(":")) return null;
  const [head = "", tail] = new URL(`http://[${name}]`).hostname.slice(1, -1).split("::");
  const before = groupsOf(head);
  const after = tail === undefined ? [] : groupsOf(tail);
  const zeros = new Array<number>(8 - before.length - after.length).fill(0);
  return Uint8Array.from([...before, ...zeros, ...after].flatMap((group) => [group >>> 8, group & 0xff]));
}

function groupsOf(text: string): readonly number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}
