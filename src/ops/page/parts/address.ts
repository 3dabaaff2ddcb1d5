import { computed, type WritableComputedRef } from 'vue';
import { useRoute, useRouter } from 'vue-router';

/** One condition of a list, kept in the address bar; changing it goes back to the first page. Empty text: no condition. */
export function addressText(key: string): WritableComputedRef<string> {
  const [route, router] = [useRoute(), useRouter()];
  return computed({
    get: () => {
      const value = route.query[key];
      return typeof value === 'string' ? value : '';
    },
    set: (value) => {
      const { after: _after, [key]: _before, ...rest } = route.query;
      void router.replace({ path: route.path, query: value === '' || value === null || value === undefined ? rest : { ...rest, [key]: value } });
    },
  });
}
