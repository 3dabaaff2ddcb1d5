import { onUnmounted, ref, shallowRef, watch, type Ref, type ShallowRef, type WatchSource } from 'vue';

export interface Loaded<T> {
  readonly value: ShallowRef<T | undefined>;
  readonly error: ShallowRef<unknown>;
  readonly loading: Ref<boolean>;
  again(): Promise<void>;
}

/**
 * What a page reads: now, and anew whenever `when` changes; an older answer never overwrites a newer one. The last value stays
 * while a new one is on its way, so that nothing jumps.
 */
export function load<T>(read: (signal: AbortSignal) => Promise<T>, when?: WatchSource): Loaded<T> {
  const [value, error, loading] = [shallowRef<T>(), shallowRef<unknown>(), ref(false)];
  let current: AbortController | undefined;
  let left = false;
  async function again(): Promise<void> {
    if (left) return;
    current?.abort();
    const mine = new AbortController();
    current = mine;
    loading.value = true;
    try {
      const answer = await read(mine.signal);
      if (current !== mine) return;
      value.value = answer;
      error.value = undefined;
    } catch (failure) {
      if (current === mine) error.value = failure;
    } finally {
      if (current === mine) loading.value = false;
    }
  }
  if (when) watch(when, () => void again());
  onUnmounted(() => {
    left = true;
    current?.abort();
    current = undefined;
  });
  void again();
  return { value, error, loading, again };
}
