import type { HeaderLines } from "./header-lines.ts";
import type { Upstream } from "./provider.ts";

/** The request an upstream gets, whole: nothing is added to it after this. */
export interface UpstreamRequest {
  readonly method: string;
  readonly upstream: Upstream; //                  where to connect to
  readonly target: string; //                      origin-form, base path joined
  readonly headers: HeaderLines; //                with Host; no hop-by-hop, no framing
  readonly timeoutSeconds: number; //              to the first byte of the answer; 0: none
}
