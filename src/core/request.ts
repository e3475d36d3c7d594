import type { HeaderLines } from "./http/header-lines.ts";

/** A request after the first checks: Host valid, forwarded headers accepted or dropped, target as received. */
export interface InboundRequest {
  readonly id: string; //                          request id, shown on pages and in the log
  readonly method: string;
  readonly scheme: "http" | "https"; //            from TLS, or X-Forwarded-Proto of a trusted peer
  readonly host: string; //                        lower case, default port and trailing dot dropped; X-Forwarded-Host of a trusted peer
  readonly hostHeader: string; //                  the Host as the client sent it
  readonly hostSource: "Host" | "X-Forwarded-Host" | "Forwarded";
  readonly target: string; //                      origin-form: path and query as received
  readonly headers: HeaderLines;
  readonly clientAddress: string; //               right-most untrusted hop
  readonly peerAddress: string; //                 the other end of the connection; "" for a unix socket
  readonly peerIsTrusted: boolean;
}
