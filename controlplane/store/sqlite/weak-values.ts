/** Values by key, each for as long as somebody else holds it. So there are never more entries than such values, but for those whose end is still to be told. */
export class WeakValues<K, V extends object> {
  readonly #refs = new Map<K, WeakRef<V>>();
  readonly #ended = new FinalizationRegistry<K>((key) => {
    // A newer value may have taken its place.
    if (this.get(key) === undefined) this.#refs.delete(key);
  });

  get size(): number {
    return this.#refs.size;
  }

  get(key: K): V | undefined {
    return this.#refs.get(key)?.deref();
  }

  set(key: K, value: V): void {
    this.#refs.set(key, new WeakRef(value));
    this.#ended.register(value, key);
  }
}
