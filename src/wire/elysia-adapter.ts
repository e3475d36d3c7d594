import type { AnyElysia, ElysiaAdapter } from "elysia";
import type { WireHandler } from "../ports/wire.ts";
import { type HttpListener, type HttpListenerOptions, listenHttp, listenHttps } from "./client/listener.ts";
import type { TlsFacts } from "./socket/tls-listener.ts";

/** An Elysia app on this adapter. */
export type App = AnyElysia;

/** What `app.listen` opens on this adapter: one address. Exactly one of `opened` and `failed` is called. */
export interface RawListener {
  readonly listener: Omit<HttpListenerOptions, "handler">;
  readonly tls: TlsFacts | null; //                null: plain HTTP
  /** Makes the handler of the listener's requests from the app's `fetch`. */
  readonly handlerOf: (fetch: App["fetch"]) => WireHandler;
  readonly opened: (listener: HttpListener) => void;
  readonly failed: (cause: unknown) => void; //    with the system's error if the address cannot be bound
}

/** The options of `app.listen` on this adapter. */
export function onRawSockets(listener: RawListener): never {
  // as: Elysia types the options of every adapter as those of Bun.serve
  return listener as unknown as never;
}

/** The open listeners of each app. */
const listenersOf = new WeakMap<App, HttpListener[]>();

async function open(app: App, raw: RawListener): Promise<void> {
  const { listener: options, tls, handlerOf, opened, failed } = raw;
  try {
    const wanted = { ...options, handler: handlerOf(app.fetch) };
    const listener = tls === null ? listenHttp(wanted) : await listenHttps(wanted, tls);
    listenersOf.set(app, [...(listenersOf.get(app) ?? []), listener]);
    opened(listener);
  } catch (cause) {
    failed(cause);
  }
}

function thrownOn(error: unknown): never {
  throw error;
}

function asItIs(result: unknown): unknown {
  return result;
}

/** No route reads a body, a header or a query through Elysia. */
const nothing = (): string => "";

/**
 * Elysia's server on raw sockets. A request is an object with `method` and `path`, which the router reads; the object itself is the context
 * of its route. `app.fetch` returns the result of the route untouched and throws its errors: neither becomes a web `Response`. The router
 * costs about 0.3 us a request. `app.stop()` accepts no new connection and closes idle ones; `app.stop(true)` cuts every connection.
 */
export const rawAdapter: ElysiaAdapter = {
  name: "akproxy-raw",
  listen: (app) => (options) => {
    // as: what `onRawSockets` made
    void open(app, options as unknown as RawListener);
  },
  async stop(app, closeActiveConnections) {
    for (const listener of listenersOf.get(app) ?? []) {
      if (closeActiveConnections === true) listener.stop();
      else listener.drain();
    }
  },
  // a route that does not use `set` answers through mapCompactResponse; mapResponse gets only thrown values
  handler: { mapResponse: thrownOn, mapEarlyResponse: asItIs, mapCompactResponse: asItIs },
  composeHandler: {
    headers: "",
    parser: { json: nothing, text: nothing, urlencoded: nothing, arrayBuffer: nothing, formData: nothing },
  },
  composeGeneralHandler: {
    parameters: "r",
    // the generated code knows the path as `p` and the context as `c`; it writes the status of what a route throws into `c.set`
    createContext: () => "const p=r.path,c=r;c.set=thrown\n",
    error404: () => ({ declare: "const thrown={status:500}\n", code: "if(route===null)throw notFound\n" }),
  },
  composeError: { mapResponseContext: "", validationError: "throw error", unknownError: "throw error" },
};
