type Labels = Readonly<Record<string, string>>;

/** A metric of fixed label names. More than `mostSeries` label sets are counted together under `other` (DOS-08). */
export interface Family {
  readonly name: string;
  readonly text: () => string; //                  HELP, TYPE and every series
}

/** A value that rises (counter) or is set (gauge). */
export interface Value extends Family {
  add(labels: Labels, amount: number): void;
  set(labels: Labels, value: number): void;
  /** Adds to the series of these labels, which is looked up once: for a caller that counts it often. */
  adder(labels: Labels): (amount: number) => void;
}

/** Observations in buckets, with sum and count. */
export interface Histogram extends Family {
  observe(labels: Labels, value: number): void;
  /** Observes for these labels, whose series is looked up once. */
  observer(labels: Labels): (value: number) => void;
}

interface Naming {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/** The most label sets of a metric. The labels in use stay far below; the limit is for a mistake in one of them. */
export const mostSeries = 1000;

/** Counts up from 0 (Prometheus text format 0.0.4, TYPE counter). */
export function counter(naming: Naming): Value {
  return valueFamily("counter", naming);
}

/** Goes up and down (TYPE gauge). */
export function gauge(naming: Naming): Value {
  return valueFamily("gauge", naming);
}

function valueFamily(type: "counter" | "gauge", naming: Naming): Value {
  const series = seriesOf(naming, () => ({ value: 0 }));
  const adder = (labels: Labels) => {
    const one = series.at(labels);
    return (amount: number) => {
      one.value += amount;
    };
  };
  return {
    name: naming.name,
    add: (labels, amount) => adder(labels)(amount),
    adder,
    set: (labels, value) => {
      series.at(labels).value = value;
    },
    text: () => head(naming, type) + series.lines((labels, { value }) => `${naming.name}${labels} ${value}\n`),
  };
}

/** `bounds` are upper limits in rising order; `+Inf` is added (TYPE histogram). */
export function histogram(naming: Naming, bounds: readonly number[]): Histogram {
  const series = seriesOf(naming, () => ({ counts: new Array<number>(bounds.length + 1).fill(0), sum: 0 }));
  const observer = (labels: Labels) => {
    const one = series.at(labels);
    return (value: number) => {
      const found = bounds.findIndex((bound) => value <= bound);
      const index = found === -1 ? bounds.length : found;
      one.counts[index] = (one.counts[index] ?? 0) + 1;
      one.sum += value;
    };
  };
  return {
    name: naming.name,
    observe: (labels, value) => observer(labels)(value),
    observer,
    text: () =>
      head(naming, "histogram") +
      series.lines((labels, one) => {
        let total = 0;
        const buckets = [...bounds.map(String), "+Inf"].map((bound, index) => {
          total += one.counts[index] ?? 0;
          return `${naming.name}_bucket${withLabel(labels, `le="${bound}"`)} ${total}\n`;
        });
        return `${buckets.join("")}${naming.name}_sum${labels} ${one.sum}\n${naming.name}_count${labels} ${total}\n`;
      }),
  };
}

function seriesOf<Kept>(naming: Naming, fresh: () => Kept) {
  const kept = new Map<string, Kept>();
  if (naming.labels.length === 0) kept.set("", fresh()); // a metric without labels is there from the start, at 0
  const at = (labels: Labels): Kept => {
    const key = labelText(naming.labels, (name) => labels[name] ?? "");
    const known = kept.get(key);
    if (known !== undefined) return known;
    const room = kept.size < mostSeries;
    const actual = room ? key : labelText(naming.labels, () => "other");
    const one = kept.get(actual) ?? fresh();
    kept.set(actual, one);
    return one;
  };
  const lines = (line: (labels: string, one: Kept) => string): string =>
    [...kept].map(([labels, one]) => line(labels, one)).join("");
  return { at, lines };
}

function head(naming: Naming, type: string): string {
  const help = naming.help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return `# HELP ${naming.name} ${help}\n# TYPE ${naming.name} ${type}\n`;
}

function labelText(names: readonly string[], labelOf: (name: string) => string): string {
  return names.length === 0 ? "" : `{${names.map((name) => `${name}="${escaped(labelOf(name))}"`).join(",")}}`;
}

function withLabel(labels: string, added: string): string {
  return labels === "" ? `{${added}}` : `${labels.slice(0, -1)},${added}}`;
}

const toEscape = /[\\"\n]/g;

/** Prometheus text format 0.0.4: a label value escapes backslash, quote and line feed. */
function escaped(value: string): string {
  return value.replace(toEscape, (character) => (character === "\n" ? "\\n" : `\\${character}`));
}
