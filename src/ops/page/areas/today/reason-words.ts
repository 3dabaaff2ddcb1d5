import { alarmKinds, type AlarmKind } from '../../../../domain/alarm-kinds.js';
import type { AlarmLine, ChannelToday, LightReason, Today } from '../../../../domain/ops-api.js';
import { language } from '../../language.js';
import { failureWords, sentence } from '../../parts/failure-words.js';

export interface ReasonText { readonly text: string; readonly remedy?: string | undefined }

const kindOf = (kind: string): (typeof alarmKinds)[AlarmKind] | undefined => (Object.hasOwn(alarmKinds, kind) ? alarmKinds[kind as AlarmKind] : undefined);

/** An alarm in words. In Chinese the kind says what it is, and below it stands what exactly; English where an older version wrote it. */
export function alarmWords(alarm: AlarmLine): ReasonText & { readonly detail?: string | undefined } {
  const kind = kindOf(alarm.kind);
  if (language.value === 'en' || !kind) return { text: sentence(alarm.text), remedy: sentence(alarm.remedy) };
  return { text: kind.zh, remedy: alarm.remedyZh ?? kind.remedyZh, detail: alarm.textZh ?? alarm.text };
}

/** Why a light is not green, in words. */
export function reasonWords(reason: LightReason, today: Today, channel?: ChannelToday): ReasonText {
  if (language.value === 'en') return { text: sentence(reason.text), remedy: reason.remedy === undefined ? undefined : sentence(reason.remedy) };
  const n = reason.count ?? 0;
  switch (reason.code) {
    case 'alarm': {
      const alarm = today.alarms.find((a) => a.text === reason.text);
      return alarm ? alarmWords(alarm) : { text: reason.text, remedy: reason.remedy };
    }
    case 'breaker-open': {
      const words = channel?.breaker.code === undefined ? undefined : failureWords({ code: channel.breaker.code, remedy: reason.remedy });
      return { text: `通道已停：${words?.text ?? '中间机故障'}`, remedy: words?.remedy };
    }
    case 'paused':
      return { text: `通道已暂停：${channel?.paused?.reason ?? '未写原因'}`, remedy: '原因消除后请恢复通道' };
    case 'parked':
      return { text: `${n} 条待人工处理` };
    case 'refused':
      return { text: `${n} 条被接收方退回` };
    case 'held':
      return { text: `${n} 条由管理员扣留` };
    case 'hand-over-open':
      return { text: '有手工递送的数据包在途，确认或收回之前不会发送' };
    case 'mirror':
      return { text: `中间机上有 ${n} 处差异` };
    case 'odd-acknowledgements':
      return { text: `${n} 条回执互相矛盾或无法对应` };
    case 'oldest-open':
      return { text: '有交换长时间未完成' };
    case 'no-scheduler':
      return { text: '没有 scheduler 进程在运行', remedy: '请启动带 scheduler 角色的进程' };
    case 'stream-fault':
      return { text: `业务库无法采集：${reason.text.replace(/^stream /, '')}`, remedy: reason.remedy };
    default:
      return { text: reason.text, remedy: reason.remedy };
  }
}
