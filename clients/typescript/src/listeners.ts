/** Who wants to hear of what. A listener that throws is reported and silences nobody else. */
export class Listeners<Map extends object> {
  readonly #all = new globalThis.Map<keyof Map, Set<(value: never) => void>>();

  /** Call `listener` for each. Returns what ends it. */
  on<Type extends keyof Map>(type: Type, listener: (value: Map[Type]) => void): () => void {
    const those = this.#all.get(type) ?? new Set();
    this.#all.set(type, those);
    // A new function each time, so that one listener may be added twice and leave once.
    const mine = (value: Map[Type]): void => listener(value);
    those.add(mine);
    return () => those.delete(mine);
  }

  emit<Type extends keyof Map>(type: Type, value: Map[Type]): void {
    for (const listener of [...(this.#all.get(type) ?? [])]) {
      try {
        (listener as (value: Map[Type]) => void)(value);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  clear(): void {
    this.#all.clear();
  }
}
