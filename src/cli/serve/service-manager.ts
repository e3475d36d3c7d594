import type { Log } from "../../ports/log.ts";
import { sdNotify } from "./sd-notify.ts";

export type ServiceState = "ready" | "reloading" | "stopping";

/** The service manager that started this process (sd_notify(3)). Without one, its methods do nothing. */
export interface ServiceManager {
  tell(state: ServiceState, status: string): void;
  end(): void;
}

/** Also sends WATCHDOG=1 at half of the watchdog's limit, as sd_watchdog_enabled(3) advises. */
export function serviceManager(env: Readonly<Record<string, string | undefined>>, log: Log): ServiceManager {
  const send = (message: string) => {
    const result = sdNotify(message, env);
    if (result.kind === "failed") log.warn("service manager not notified", { reason: result.reason });
  };
  const limitMicroseconds = Number(env["WATCHDOG_USEC"] ?? "0");
  const isWatched = limitMicroseconds > 0 && [undefined, String(process.pid)].includes(env["WATCHDOG_PID"]);
  const watchdog = isWatched ? setInterval(() => send("WATCHDOG=1"), limitMicroseconds / 2000) : null;
  watchdog?.unref();
  return {
    tell: (state, status) => send(`${stateLine(state)}\nSTATUS=${status}`),
    end() {
      if (watchdog !== null) clearInterval(watchdog);
    },
  };
}

function stateLine(state: ServiceState): string {
  switch (state) {
    case "ready":
      return "READY=1";
    case "reloading":
      // Type=notify-reload needs the monotonic clock, too
      return `RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`;
    case "stopping":
      return "STOPPING=1";
  }
}
