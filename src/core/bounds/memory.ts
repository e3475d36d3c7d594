/** The limits of a memory. Both apply at once. */
export interface MemoryLimits<Value> {
  readonly entries: number;
  readonly bytes: number; //                       of keys and values together, see `Memory.bytes`
  /** The bytes of a value. It must give the same number for as long as the value is kept. Without it a value counts as small. */
  readonly bytesOf?: (value: Value) => number;
  /** Such an entry is not evicted. When nothing else is left, the memory grows past its limits. */
  readonly isInUse?: (value: Value) => boolean;
  /** Runs after an entry was evicted to make room. It does not run after `delete`. */
  readonly evicted?: (key: string, value: Value) => void;
}

/** About what an entry costs besides its texts: the place in the map, the head of the key, a small value. */
const entryBytes = 96;

/**
 * A map for keys that clients choose, limited by count and bytes; the oldest entry is evicted first. Every new key is copied, so an entry does
 * not keep the head of a request in memory. A value must not keep one either: `recall` makes it from the copied key.
 */
export class Memory<Value extends NonNullable<unknown> | null> {
  readonly #limits: MemoryLimits<Value>;
  readonly #kept = new Map<string, Value>();
  #oldest = this.#kept.keys();
  #bytes = 0;

  constructor(limits: MemoryLimits<Value>) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** An upper estimate: two bytes for each UTF-16 unit of a key, the bytes of each value, and `entryBytes` for each entry. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Value | undefined {
    return this.#kept.get(key);
  }

  has(key: string): boolean {
    return this.#kept.has(key);
  }

  keys(): IterableIterator<string> {
    return this.#kept.keys();
  }

  /** Keeps `value`. A key that is there already keeps its age. An entry larger than the whole memory is not kept. */
  set(key: string, value: Value): void {
    const before = this.#kept.get(key);
    if (before === undefined) this.#add(ownText(key), value);
    else this.#replace(key, before, value);
  }

  /** Keeps `value` as the newest entry. */
  renew(key: string, value: Value): void {
    this.delete(key);
    this.#add(ownText(key), value);
  }

  /** The value of `key`. When there is none, `make` makes it from a copy of the key, and the memory keeps it. */
  recall(key: string, make: (own: string) => Value, copy: (text: string) => string = ownText): Value {
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const own = copy(key);
    const value = make(own);
    this.#add(own, value);
    return value;
  }

  delete(key: string): boolean {
    const value = this.#kept.get(key);
    if (value === undefined) return false;
    this.#kept.delete(key);
    this.#bytes -= this.#cost(key, value);
    return true;
  }

  deleteWhere(isOver: (value: Value, key: string) => boolean): void {
    for (const [key, value] of this.#kept) if (isOver(value, key)) this.delete(key);
  }

  /** Deletes the oldest entries up to the first that is not over: for entries that end in the order of their age. */
  deleteOldestWhile(isOver: (value: Value) => boolean): void {
    for (const [key, value] of this.#kept) {
      if (!isOver(value)) return;
      this.delete(key);
    }
  }

  clear(): void {
    this.#kept.clear();
    this.#bytes = 0;
  }

  #cost(key: string, value: Value): number {
    return entryBytes + 2 * key.length + (this.#limits.bytesOf?.(value) ?? 0);
  }

  #add(own: string, value: Value): void {
    const { entries, bytes } = this.#limits;
    const cost = this.#cost(own, value);
    if (cost > bytes) return;
    while (this.#kept.size >= entries || this.#bytes + cost > bytes) if (!this.#evictOldest()) break;
    this.#kept.set(own, value);
    this.#bytes += cost;
  }

  /** Keeps the key's string and its age. */
  #replace(key: string, before: Value, value: Value): void {
    this.#bytes += this.#cost(key, value) - this.#cost(key, before);
    this.#kept.set(key, value);
    while (this.#bytes > this.#limits.bytes) if (!this.#evictOldest()) return;
  }

  /** False: no entry can be evicted. */
  #evictOldest(): boolean {
    const { isInUse, evicted } = this.#limits;
    for (let tries = this.#kept.size; tries > 0; tries -= 1) {
      const key = this.#nextKey();
      const value = key === undefined ? undefined : this.#kept.get(key);
      if (key === undefined || value === undefined) return false;
      if (isInUse?.(value) === true) continue;
      this.delete(key);
      evicted?.(key, value);
      return true;
    }
    return false;
  }

  /**
   * The oldest key. One iterator serves all calls: a new one would pass the places of all keys that were deleted before, which takes 18 us in a
   * map of 20,000 (Bun 1.4.5) instead of 0.5 us.
   */
  #nextKey(): string | undefined {
    const next = this.#oldest.next();
    if (next.done !== true) return next.value;
    // an iterator that reached the end does not see keys that were added later
    this.#oldest = this.#kept.keys();
    return this.#oldest.next().value;
  }
}

/** The answer for a longer text is not remembered. */
const longestRemembered = 256;

/**
 * `find` with a cache of its latest 1,000 answers: for pure functions of short texts that come with every request, such as header names, hosts
 * and addresses. An answer may contain slices of its text, because `find` gets the copy. A flood of new texts evicts, and does not grow it.
 */
export function remembered<Value extends NonNullable<unknown> | null>(
  find: (text: string) => Value,
): (text: string) => Value {
  const kept = new Memory<Value>({ entries: 1000, bytes: 1000 * 2 * longestRemembered });
  const learned = (text: string) => (text.length > longestRemembered ? find(text) : kept.recall(text, find, ownWord));
  return (text) => {
    const known = kept.get(text);
    return known === undefined ? learned(text) : known;
  };
}

/**
 * A text that shares no memory with `text`. A slice keeps its whole parent: 1,000 texts cut from heads of 30 KB keep 31 MiB. In Bun 1.4.5
 * `normalize()`, `repeat(1)`, `replace()` and `` ` ${text}`.slice(1) `` return the slice again. A copy by `join` costs 0.1 us, by Buffer
 * 0.27 us.
 */
export function ownText(text: string): string {
  return [text, ""].join("");
}

const words = new Map<string, string>();
const mostWords = 2000;
const longestWord = 64;

/**
 * `ownText` for words that come with every request, such as header names: equal ones get one and the same string. A map finds a key that is
 * the same string in 5 ns, and an equal one in 9 ns.
 */
export function ownWord(text: string): string {
  const known = words.get(text);
  if (known !== undefined) return known;
  const own = ownText(text);
  if (own.length > longestWord) return own;
  if (words.size >= mostWords) words.clear();
  words.set(own, own);
  return own;
}
