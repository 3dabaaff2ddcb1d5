import { readonly, ref } from 'vue';

/** The present, in steps of five seconds: every age on the page grows with this one timer. */
const now = ref(Date.now());
setInterval(() => (now.value = Date.now()), 5000);
export const nowMs = readonly(now);
