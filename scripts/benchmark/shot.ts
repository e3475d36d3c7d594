/** One run of load against one server: how much was answered, how fast. `p50` and `p99` in milliseconds. */
export interface Shot {
  readonly done: number; //                        requests, messages or events, by the case
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
}

/** One run: what was done, and what it cost. */
export interface Run extends Shot {
  readonly cpuMicroseconds: number; //             of one request, message or event
  readonly residentMib: number;
}

/** All runs of one server, in the order of the rounds. */
export interface Series {
  readonly name: string;
  readonly runs: readonly Run[];
}

/** A server under a case's load. */
export interface Contender {
  readonly name: string;
  readonly pid: number; //                         its CPU and memory are counted, with its children's
  shoot(seconds: number): Promise<Shot>;
}

/** A case that loads several servers in turn and compares them with the first. */
export interface LoadCase {
  readonly kind: "load";
  readonly name: string;
  readonly title: string;
  readonly unit: "request" | "message" | "event";
  readonly contenders: () => Promise<readonly Contender[]>; // the first is the one the others are compared with
}

/** A case whose figures are not a throughput. */
export interface FigureCase {
  readonly kind: "figures";
  readonly name: string;
  readonly title: string;
  readonly columns: readonly string[]; //          those after the server's name
  readonly rows: (rounds: number) => Promise<readonly (readonly string[])[]>; // each: the server's name, then the columns
}

export type Case = LoadCase | FigureCase;
