import { Command } from "commander";
import type { Config, ListenAddress } from "../core/config.ts";
import { problemText } from "../core/problem.ts";
import { readConfig } from "./read-config.ts";
import { err, error, finish, out } from "./terminal.ts";
import { version } from "./version.ts";

/** `akproxy healthcheck`: does the akproxy of this config answer? 0 or 1, for a container's HEALTHCHECK (spec: cli). */
export function healthcheckCommand(): Command {
  return new Command("healthcheck")
    .description("ask the running akproxy whether it lives; for a container's HEALTHCHECK")
    .option("-c, --config <file>", "config file (else $AKPROXY_CONFIG, ./akproxy.toml, /etc/akproxy/config.toml)")
    .addHelpText(
      "after",
      "\nAsks /livez at listen.metrics, or the outpost's ping where that listener is off." +
        "\n\nExit: 0 it answers, 1 it does not" +
        "\n\nExamples:\n  akproxy healthcheck\n  HEALTHCHECK CMD akproxy healthcheck -c /etc/akproxy/config.toml",
    )
    .action(async (options: { readonly config?: string }) => finish(await check(options.config)));
}

async function check(flag: string | undefined): Promise<0 | 1> {
  const { loaded } = await readConfig(flag, "not asked");
  if (loaded.config === null) {
    for (const problem of loaded.problems) if (problem.severity === "error") err(problemText(problem));
    return 1;
  }
  const question = questionOf(loaded.config);
  if (question === null) {
    error("listen: every listener is off", "nothing can be asked; turn one on");
    return 1;
  }
  const { probe, reachedAt } = await import("../doctor/probe.ts");
  const answer = await probe({
    ...question,
    address: reachedAt(question.address),
    host: "localhost",
    userAgent: `akproxy-healthcheck/${version}`,
    timeoutMilliseconds: 3000,
  });
  if (answer.kind === "answered" && answer.status === question.status) {
    out("ok");
    return 0;
  }
  const what = answer.kind === "failed" ? `does not answer: ${answer.code}` : "is answered by something else";
  error(`${question.name}: ${addressText(question.address)} ${what}`);
  return 1;
}

interface Question {
  readonly name: string;
  readonly address: ListenAddress;
  readonly target: string;
  readonly status: number;
  readonly tls: { readonly rejectUnauthorized: false } | null;
}

/** The certificate is for browsers elsewhere, and this asks the same machine: it is not looked at. */
function questionOf({ listen: { metrics, http, https } }: Config): Question | null {
  const ping = { target: "/outpost.goauthentik.io/ping", status: 204 };
  if (metrics !== null) return { name: "listen.metrics", address: metrics, target: "/livez", status: 200, tls: null };
  if (http !== null) return { name: "listen.http", address: http, ...ping, tls: null };
  return https === null ? null : { name: "listen.https", address: https, ...ping, tls: { rejectUnauthorized: false } };
}

function addressText(address: ListenAddress): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  return `${address.hostname.includes(":") ? `[${address.hostname}]` : address.hostname}:${address.port}`;
}
