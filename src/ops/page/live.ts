import { computed, ref, shallowRef, watch } from 'vue';
import { heartbeatMs, type Today } from '../../domain/ops-api.js';
import { opsPrefix } from '../../domain/ops-routes.js';
import { call, CallError } from './call.js';
import { may, me } from './session.js';

/** How the gateway stands, as the stream told it last. */
export const today = shallowRef<Today | undefined>();
/** When the stream last said something, in milliseconds since 1970; 0: not yet. */
export const heardAt = ref(0);
export const liveState = ref<'connecting' | 'live' | 'lost'>('connecting');
export const live = computed(() => liveState.value === 'live');

/** A browser does not notice a line that silently died; the missing beat says it. */
const silenceMs = heartbeatMs * 2;
const againAfterMs = [1000, 2000, 5000, 10_000];

let source: EventSource | undefined;
let failures = 0;
let again: ReturnType<typeof setTimeout> | undefined;

function open(): void {
  close();
  const mine = new EventSource(`${opsPrefix}/stream`);
  source = mine;
  const heard = (): void => {
    heardAt.value = Date.now();
    liveState.value = 'live';
    failures = 0;
  };
  mine.addEventListener('today', (event) => {
    today.value = JSON.parse((event as MessageEvent<string>).data) as Today;
    heard();
  });
  mine.addEventListener('beat', (event) => {
    const { at } = JSON.parse((event as MessageEvent<string>).data) as { at: string };
    if (today.value) today.value = { ...today.value, at };
    heard();
  });
  mine.addEventListener('end', () => void lost());
  mine.addEventListener('error', () => void lost());
}

function close(): void {
  clearTimeout(again);
  source?.close();
  source = undefined;
}

/** The stream broke: whether the session is over, `me` says; otherwise it is tried again, later and later. */
async function lost(): Promise<void> {
  close();
  liveState.value = 'lost';
  if (!me.value) return;
  const wait = againAfterMs[Math.min(failures++, againAfterMs.length - 1)]!;
  again = setTimeout(() => {
    if (me.value) open();
  }, wait);
  try {
    await call('GET me');
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
  }
}

/** Looks at once instead of waiting for the next try. */
export function reconnect(): void {
  failures = 0;
  liveState.value = 'connecting';
  open();
}

/** Keeps the stream open while somebody is signed on who may hear it. */
export function startLive(): void {
  watch(() => me.value !== undefined && !me.value.mustChangePassword && may('GET stream'), (signedOn) => {
    if (signedOn) {
      liveState.value = 'connecting';
      open();
    } else {
      close();
      today.value = undefined;
      heardAt.value = 0;
    }
  }, { immediate: true });
  setInterval(() => {
    if (source && liveState.value === 'live' && Date.now() - heardAt.value > silenceMs) void lost();
  }, 2000);
  window.addEventListener('online', () => may('GET stream') && reconnect());
  window.addEventListener('offline', () => source && void lost());
}
