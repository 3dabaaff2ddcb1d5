import { failureCodes, type FailureCode } from '../../../domain/failures.js';
import type { FailureText } from '../../../domain/ops-exchange-api.js';
import { language } from '../language.js';

/** Failure codes in Chinese; English stands in the vocabulary. A code without an entry is shown in English. */
const chinese: Partial<Record<FailureCode, readonly [text: string, remedy: string]>> = {
  'bureau-unreachable': ['业务库没有应答', '暂不需处理，会自动重试；持续出现时请检查网络和数据库'],
  'bureau-column-missing': ['业务库缺少配置的字段', '请恢复该字段或修改 config/streams；水位未移动，不会丢失'],
  'bureau-column-retyped': ['业务库字段类型已变', '请核对映射后修改 config/streams 中的类型；水位未移动'],
  'bureau-not-readable': ['业务库拒绝账号或查询', '请给网关账号授予相应表的 SELECT 权限'],
  'bureau-no-snapshot-isolation': ['业务库未开启快照隔离', '执行 ALTER DATABASE … SET ALLOW_SNAPSHOT_ISOLATION ON，或设置 bureau.allowTornReads'],
  'row-unreadable': ['业务数据行无法按类型读取', '请在业务系统中更正该行，更正后自动重新采集'],
  'attachment-broken': ['扫描件与登记的签名不符', '请在业务系统中重新扫描或上传'],
  'message-invalid': ['报文不符合规范', '请在业务系统中更正所列字段，更正后自动重新发送'],
  'mapping-broken': ['映射处理此办件时出错', '请将交换号提供给开发人员'],
  'staging-unreachable': ['中间机没有应答', '不会丢失数据，探测成功后自动继续'],
  'staging-host-key': ['中间机的主机密钥与登记的不一致', '请向中心核实是否更换了机器，再更新通道的 staging.sftp.hostKeySha256'],
  'staging-login': ['中间机拒绝登录', '请检查通道的用户名、密钥或密码'],
  'staging-full': ['中间机空间不足', '请中心清理空间，之后自动继续'],
  'staging-denied': ['中间机不允许写入或改名', '请中心开放该目录的写权限'],
  'staging-interrupted': ['传输中连接断开', '暂不需处理，重发前会先核对已到内容'],
  'content-differs': ['中间机上的内容与写入的不一致', '暂不需处理；持续出现时请检查中间机磁盘'],
  'ledger-unreachable': ['台账数据库没有应答或中断了处理', '暂不需处理，会自动重做；持续出现时请检查台账数据库和网络'],
  'ledger-behind': ['中间机上有台账不知道的清单：恢复了较旧的台账', '请运行 gateway recover --channel <名称>，核对计划后加 --yes 执行'],
  'name-taken': ['中间机上已有同名但内容不同的文件', '请比对两个文件，外来文件只能由人工移走'],
  'attempts-exhausted': ['多次尝试均失败', '请查看时间线中的最后原因，排除后重试'],
  'worker-killed': ['该交换多次导致工作进程终止', '请将交换号提供给开发人员，此前不要重试'],
  'refused-by-receiver': ['接收方退回了报文', '请按退回原因在业务系统中更正，更正后作为新版本自动发送'],
  'calendar-year-missing': ['工作日历缺少该年度', '请按国务院办公厅通知在 config/calendar.yaml 的 nationalYears 中录入'],
  'parked-by-person': ['管理员转为待处理', '按原因处理后重试或取消；业务系统中更正后自动发送'],
  unexpected: ['出现意外错误', '请将交换号提供给开发人员'],
};

/** Cause and remedy in the page's language; the code itself where nobody wrote words for it. */
export function failureWords(failure: Pick<FailureText, 'code' | 'text' | 'remedy'>): { readonly text: string; readonly remedy: string } {
  const own = language.value === 'zh' ? chinese[failure.code as FailureCode] : undefined;
  const row = failureCodes[failure.code as FailureCode] as { text: string; remedy: string } | undefined;
  return { text: own?.[0] ?? sentence(failure.text ?? row?.text ?? failure.code), remedy: own?.[1] ?? sentence(failure.remedy ?? row?.remedy ?? '') };
}

/** The gateway writes its sentences without a capital, as parts of lines. */
export const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
