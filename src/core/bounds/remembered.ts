/** How many answers are kept, and how long a text may be to be kept with its answer. */
const mostKept = 1000;
const longestKept = 256;

/**
 * `find` with its latest answers kept: for pure functions of short texts that come again with every request, such as header names, hosts
 * and addresses. Bounded, since strangers choose the texts: a flood of new ones costs what it cost without the memory.
 */
export function remembered<Value>(find: (text: string) => Value): (text: string) => Value {
  const kept = new Map<string, { readonly value: Value }>();
  return (text) => {
    const known = kept.get(text);
    if (known !== undefined) return known.value;
    const value = find(text);
    if (text.length > longestKept) return value;
    if (kept.size >= mostKept) kept.clear();
    kept.set(copyOf(text), { value });
    return value;
  };
}

/** The text by itself: one that was cut out of a request's head would keep all of the head in memory. */
function copyOf(text: string): string {
  return ` ${text}`.slice(1);
}
