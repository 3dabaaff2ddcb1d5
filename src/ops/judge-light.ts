import type { Light, LightReason } from '../domain/ops-api.js';

/** The light of what has these reasons: the worst of them. */
export function judgeLight(reasons: readonly LightReason[]): Light {
  return reasons.some((r) => r.light === 'red') ? 'red' : reasons.length > 0 ? 'yellow' : 'green';
}

interface ChannelFacts {
  readonly paused?: { readonly reason?: string | undefined } | undefined;
  readonly breaker?: { readonly code?: string | undefined; readonly remedy?: string | undefined } | undefined;
  readonly parked: number;
  readonly refused: number;
  readonly held: number;
  readonly carried: boolean;
  readonly mirror: number;
  readonly odd: number;
  readonly alarms: readonly { readonly severity: string; readonly text: string; readonly remedy: string }[];
}

/** Why a channel is not green, the worst first; what is red keeps messages from flowing. */
export function judgeChannel(f: ChannelFacts): LightReason[] {
  const some = (code: LightReason['code'], count: number, text: string): LightReason[] => (count > 0 ? [{ code, light: 'yellow', text: `${count} ${text}`, count }] : []);
  const reasons: LightReason[] = [
    ...(f.breaker ? [{ code: 'breaker-open' as const, light: 'red' as const, text: `the channel stands still: ${f.breaker.code ?? 'its staging machine fails'}`, remedy: f.breaker.remedy }] : []),
    ...(f.paused ? [{ code: 'paused' as const, light: 'red' as const, text: `the channel is paused: ${f.paused.reason ?? 'no reason given'}`, remedy: 'resume it when the reason is gone' }] : []),
    ...(f.carried ? [{ code: 'hand-over-open' as const, light: 'red' as const, text: 'a package is carried by hand; nothing is sent until it is confirmed or cancelled' }] : []),
    ...f.alarms.map((a) => ({ code: 'alarm' as const, light: a.severity === 'critical' ? ('red' as const) : ('yellow' as const), text: a.text, remedy: a.remedy })),
    ...some('refused', f.refused, 'refused by the receiver'),
    ...some('parked', f.parked, 'parked: a person must act'),
    ...some('held', f.held, 'held by an administrator'),
    ...some('mirror', f.mirror, 'differences on the staging machine'),
    ...some('odd-acknowledgements', f.odd, 'acknowledgements that contradict or belong to nothing'),
  ];
  return [...reasons.filter((r) => r.light === 'red'), ...reasons.filter((r) => r.light === 'yellow')];
}
