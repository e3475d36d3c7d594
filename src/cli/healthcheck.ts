import { Command } from "commander";
import type { Config, ListenAddress } from "../core/config.ts";
import { configOption, usableConfig } from "./config-file.ts";
import { error, finish, out } from "./terminal.ts";
import { version } from "./version.ts";

/** `akproxy healthcheck`: exit 0 when the akproxy of this config answers, else 1 (spec: cli). */
export function healthcheckCommand(): Command {
  return new Command("healthcheck")
    .description("ask the running akproxy whether it is alive, for a container's HEALTHCHECK")
    .addOption(configOption())
    .addHelpText(
      "after",
      "\nIt asks /livez on listen.metrics, or the outpost's ping if that listener is off." +
        "\n\nExit: 0 akproxy answers, 1 it does not" +
        "\n\nExamples:\n  akproxy healthcheck\n  HEALTHCHECK CMD akproxy healthcheck -c /etc/akproxy/config.toml",
    )
    .action(async (options: { readonly config?: string }) => finish(await check(options.config)));
}

async function check(flag: string | undefined): Promise<0 | 1> {
  const read = await usableConfig(flag, "skipped");
  if (read.kind === "unusable") return 1;
  const question = questionOf(read.config);
  if (question === null) {
    error("listen: every listener is off", "set listen.metrics: healthcheck asks that listener");
    return 1;
  }
  const { listenerText, probe, reachedAt } = await import("../doctor/probe.ts");
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
  const place = `${question.name}: ${listenerText(question.address)}`;
  if (answer.kind === "failed") {
    error(`${place} does not answer: ${answer.code}`, "start akproxy, or give the config of the running one: -c FILE");
  } else {
    error(`${place} is in use by another program`, `stop that program, or change ${question.name}`);
  }
  return 1;
}

interface Question {
  readonly name: string;
  readonly address: ListenAddress;
  readonly target: string;
  readonly status: number;
  readonly tls: { readonly rejectUnauthorized: false } | null;
}

/** The check stays on this machine, and the certificate is for other hosts, so it is not verified. */
function questionOf({ listen: { metrics, http, https } }: Config): Question | null {
  const ping = { target: "/outpost.goauthentik.io/ping", status: 204 };
  if (metrics !== null) return { name: "listen.metrics", address: metrics, target: "/livez", status: 200, tls: null };
  if (http !== null) return { name: "listen.http", address: http, ...ping, tls: null };
  return https === null ? null : { name: "listen.https", address: https, ...ping, tls: { rejectUnauthorized: false } };
}
