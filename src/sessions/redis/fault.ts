import { codeOf } from "../store-failure.ts";

/** What an error of Redis or Valkey means for an operator: the code in its message, and the next action. */
const advices: readonly (readonly [RegExp, string])[] = [
  [/\bREADONLY\b/, "this server is a read-only replica; use the address of the master"],
  [
    /\bMASTERDOWN\b/,
    "this server is a replica that has lost its master; use the address of the master, or start the master",
  ],
  [/\bOOM\b/, "the server's memory is full; raise maxmemory, or give akproxy its own server"],
  [/\bNOREPLICAS\b/, "min-replicas-to-write is not met; start the missing replicas, or lower it"],
  [/\bMISCONF\b/, "the server cannot save to its disk; free space there, and see the log of the server"],
  [
    /\bNOPERM\b|can't (?:run this command|access at least one of the keys|publish to the channel)/,
    "the ACL of this user does not permit it; docs/stores.md lists the commands, keys and channels that akproxy needs",
  ],
  [
    /\bMOVED\b|\bASK\b|\bCROSSSLOT\b|\bCLUSTERDOWN\b|non local key in a cluster/,
    "this server is a node of a Redis Cluster, and akproxy needs a single master",
  ],
  [/\bLOADING\b/, "the server is still loading its data; wait"],
  [/\bBUSY\b/, "a script blocks the server; wait, or end it with SCRIPT KILL"],
];

/** An error that a script reports ends with the place in the script, which says nothing to an operator. */
const placeInScript = /,? script: [\da-f]{40}, on @?user_script:\d+\.?$/;

/** The error of a command, with the next action where there is one. An error without it stays as it is. */
export function redisFault(thrown: unknown): unknown {
  if (!(thrown instanceof Error)) return thrown;
  const advice = advices.find(([pattern]) => pattern.test(thrown.message))?.[1];
  if (advice === undefined) return thrown;
  const message = thrown.message.replace(placeInScript, "").replace(/\.$/, "");
  return Object.assign(new Error(`${message}; ${advice}`, { cause: thrown }), { code: codeOf(thrown) });
}
