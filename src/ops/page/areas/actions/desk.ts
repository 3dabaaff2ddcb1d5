import { shallowRef } from 'vue';
import type { ActionKind, PreviewRequest } from '../../../../domain/ops-action-api.js';

export interface Ordering { readonly kind: ActionKind; readonly target: Omit<PreviewRequest, 'kind' | 'reason'>; readonly changed: () => unknown }

/** The action under way. Its dialog belongs to the frame: what it does may take away the very row or card that it was started from. */
export const ordering = shallowRef<Ordering>();

export function startAction(kind: ActionKind, target: Ordering['target'], changed: () => unknown): void {
  ordering.value = { kind, target, changed };
}
