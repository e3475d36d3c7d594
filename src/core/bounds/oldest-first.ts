/** Deletes what has stood longest in `map`, with each call, while it holds `limit` or more: makes room for one more. */
export function makingRoom<Key>(map: Map<Key, unknown>, limit: number): () => void {
  const oldest = oldestFirst(map);
  return () => {
    if (map.size < limit) return;
    const key = oldest();
    if (key !== undefined) map.delete(key);
  };
}

/**
 * Gives, with each call, the key of `map` that has stood there longest; undefined: the map is empty. Whoever asks must delete that key. Asking
 * the map itself each time passes by the places of all that was deleted before: 18 us in a map of 20,000 (Bun 1.4.5), 0.5 us so.
 */
export function oldestFirst<Key>(map: ReadonlyMap<Key, unknown>): () => Key | undefined {
  let keys = map.keys();
  return () => {
    const next = keys.next();
    if (next.done !== true) return next.value;
    // it has come to the end once, and what was set after that is met by another one only
    keys = map.keys();
    return keys.next().value;
  };
}
