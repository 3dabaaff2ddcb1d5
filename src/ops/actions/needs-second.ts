import type { ActionKind, OrderKind } from '../../domain/ops-action-api.js';
import type { TwoPersons } from '../../domain/ops-settings.js';

/** By which rule an action on so many exchanges waits for a second person; undefined where one is enough. */
export function actionNeedsSecond(rules: TwoPersons, kind: ActionKind, will: number): 'kind' | 'bulk' | undefined {
  if (will === 0) return undefined;
  if ((kind === 'cancel' || kind === 'skip') && rules.for.includes(kind)) return 'kind';
  return rules.for.includes('bulk') && will > rules.bulkAbove ? 'bulk' : undefined;
}

/** Whether any other order waits for a second person. */
export function orderNeedsSecond(rules: TwoPersons, kind: Exclude<OrderKind, 'action'>): boolean {
  return rules.for.includes(kind === 'user-delete' ? 'user-delete' : 'hand-over');
}
