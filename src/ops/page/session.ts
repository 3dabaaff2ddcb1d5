import { computed, ref, shallowRef } from 'vue';
import type { Me, OpsCalls } from '../../domain/ops-api.js';

/** `METHOD path` of the API. */
export type OpsPath = keyof OpsCalls;

/** Who is signed on; undefined: nobody, as far as this page knows. */
export const me = shallowRef<Me | undefined>();
/** Why nobody is signed on any more, for the login page. */
export const ended = ref(false);
/** When the session was last used by a request of this page, in milliseconds since 1970. */
export const usedAt = ref(Date.now());

/** Whether the role may use this route of the API; hides what would be refused. The server checks again. */
export const may = (path: OpsPath): boolean => me.value?.may.includes(path) === true;

/** When the session ends if nobody does anything, in milliseconds since 1970. */
export const endsAtMs = computed(() => (me.value ? Math.min(Date.parse(me.value.endsAt), usedAt.value + me.value.idleMs) : Infinity));
