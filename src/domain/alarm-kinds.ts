/** What can be wrong with the gateway or its neighbours, told without being asked: each kind in both languages with its remedy. */

export const alarmSeverities = ['warning', 'critical'] as const;
export type AlarmSeverity = (typeof alarmSeverities)[number];

interface AlarmKindRow {
  readonly severity: AlarmSeverity;
  readonly text: string;
  readonly zh: string;
  readonly remedy: string;
  readonly remedyZh: string;
}

export const alarmKinds = {
  // silence: a stream on which nothing comes in working time
  'capture-silent': { severity: 'warning', text: 'no change was captured from the bureau for longer than expected', zh: '超过预期时间未采集到办件变化', remedy: 'check that people work in the bureau system and that config/streams names the right tables', remedyZh: '请确认业务系统正在使用，并核对 config/streams 中的表名' },
  'pick-up-silent': { severity: 'warning', text: 'the receiver has not picked up what lies on its staging machine', zh: '接收方超过预期时间未取走中间机上的文件', remedy: 'ask the receiver whether its import runs; gateway mirror shows what lies there', remedyZh: '请询问接收方导入程序是否运行；gateway mirror 可查看中间机上的文件' },
  'acknowledgement-silent': { severity: 'warning', text: 'no acknowledgement came for what was delivered', zh: '已送达的报文超过预期时间未收到回执', remedy: 'ask the receiver whether its import runs and whether the way back (HTTP or ack directory) works', remedyZh: '请询问接收方导入程序是否运行、回执通道是否畅通' },
  'return-files-silent': { severity: 'warning', text: 'no fee or tax file came back for longer than expected', zh: '超过预期时间未收到缴费、税收回传文件', remedy: 'ask the receiver whether its export runs', remedyZh: '请询问接收方回传程序是否运行' },
  // standing still
  'oldest-due': { severity: 'warning', text: 'an exchange is due and nobody has done it', zh: '有到期交换长时间未处理', remedy: 'check that a process with the worker role runs; gateway queue shows whether bells are answered, gateway queue rebuild rings anew', remedyZh: '请检查 worker 进程是否运行；gateway queue 可查看队列，gateway queue rebuild 可重建' },
  'lanes-blocked': { severity: 'warning', text: 'cases wait for a person', zh: '有办件等待人工处理', remedy: 'gateway status and gateway show <exchange> say what to do for each', remedyZh: '请用 gateway status 和 gateway show <交换号> 查看处理办法' },
  'breaker-open': { severity: 'critical', text: 'a channel stands still', zh: '通道停止', remedy: 'gateway status shows the cause; the channel goes on by itself when a probe succeeds', remedyZh: '请用 gateway status 查看原因；探测成功后自动恢复' },
  'channel-paused': { severity: 'warning', text: 'a channel has been paused for long', zh: '通道长时间处于暂停', remedy: 'gateway resume <channel> lets it flow again', remedyZh: '用 gateway resume <通道> 恢复' },
  'stream-fault': { severity: 'critical', text: 'a stream of the bureau cannot be captured', zh: '无法采集业务库数据', remedy: 'gateway status shows the cause and its remedy; the watermark has not moved', remedyZh: '请用 gateway status 查看原因及处理办法；水位未移动，不会丢失' },
  'polling-stopped': { severity: 'critical', text: 'the bureau has not been polled', zh: '采集轮询已停止', remedy: 'check that a process with the scheduler role runs and look at its log', remedyZh: '请检查 scheduler 进程及其日志' },
  'watermark-standing': { severity: 'warning', text: 'an open transaction in the bureau holds the watermark back', zh: '业务库中未结束的事务使水位停滞', remedy: 'ask the administrator of the bureau database to end the oldest open transaction', remedyZh: '请业务库管理员结束最早的未提交事务' },
  // what the gateway stands on
  'disk-low': { severity: 'critical', text: 'a disk is nearly full', zh: '磁盘空间不足', remedy: 'make room on the disk', remedyZh: '请清理磁盘' },
  'ledger-large': { severity: 'warning', text: 'the ledger is larger than configured', zh: '台账数据库超过设定大小', remedy: 'give it more room and raise alarms.ledgerMaxMiB, or turn on retention', remedyZh: '请扩容并调整 alarms.ledgerMaxMiB，或启用保留期清理' },
  'ledger-unfit': { severity: 'critical', text: 'the ledger database may forget or miscount', zh: '台账数据库设置不安全', remedy: 'gateway check says which setting to change', remedyZh: '请用 gateway check 查看应修改的设置' },
  'queue-unreachable': { severity: 'critical', text: 'the queue does not answer', zh: '队列服务无响应', remedy: 'start Redis (or PostgreSQL) again; nothing is lost, due work is rung for when it is back', remedyZh: '请恢复 Redis（或 PostgreSQL）；数据不会丢失，恢复后自动继续' },
  'queue-volatile': { severity: 'warning', text: 'Redis may forget its jobs', zh: 'Redis 持久化异常', remedy: 'redis.conf: appendonly yes, maxmemory-policy noeviction; look at the disk of Redis', remedyZh: '请检查 redis.conf(appendonly yes、noeviction)及 Redis 所在磁盘' },
  'queue-emptied': { severity: 'warning', text: 'Redis lost everything it held', zh: 'Redis 数据被清空', remedy: 'find out who emptied it; the gateway has rung again for everything due', remedyZh: '请查明清空原因；网关已重新唤醒全部到期任务' },
  'calendar-year-missing': { severity: 'warning', text: 'the working calendar of a year is missing', zh: '工作日历缺少年度数据', remedy: 'enter the notice of the State Council under nationalYears in config/calendar.yaml and restart', remedyZh: '请按国务院办公厅通知在 config/calendar.yaml 的 nationalYears 中录入后重启' },
  // what should not be
  'mirror-findings': { severity: 'warning', text: 'the staging machine does not hold what the ledger says', zh: '中间机内容与台账不一致', remedy: 'gateway mirror shows each finding with its remedy', remedyZh: '请用 gateway mirror 查看每项差异及处理办法' },
  'completeness-findings': { severity: 'warning', text: 'the bureau held cases that the ledger did not', zh: '业务库与台账核对有差异', remedy: 'gateway completeness shows them; what was missing has been captured', remedyZh: '请用 gateway completeness 查看；缺少的已补采集' },
  'completeness-held': { severity: 'critical', text: 'missing exchanges were only reported, because there were more than completeness.openLimit', zh: '缺失交换超过上限，仅报告未补发', remedy: 'gateway completeness shows them; gateway completeness --open-all opens them', remedyZh: '请用 gateway completeness 查看，确认后加 --open-all 补发' },
  'acknowledgement-odd': { severity: 'warning', text: 'acknowledgements came that contradict an earlier one or belong to no message', zh: '收到矛盾或无法对应的回执', remedy: 'gateway show <message id> shows them; ask the receiver', remedyZh: '请用 gateway show <报文号> 查看并询问接收方' },
  'worker-killed': { severity: 'critical', text: 'exchanges ended their worker again and again and are parked', zh: '交换多次导致工作进程崩溃，已挂起', remedy: 'give the exchange numbers to a developer', remedyZh: '请将交换号提供给开发人员' },
  // the watch itself
  'notifier-failed': { severity: 'warning', text: 'alarms cannot be sent on this way', zh: '告警发送失败', remedy: 'gateway alarms test tries every way and says what happened', remedyZh: '请用 gateway alarms test 逐一测试' },
  'dead-man-failed': { severity: 'warning', text: 'the sign of life cannot be given', zh: '存活信号无法写出', remedy: 'check alarms.deadMan: the directory must exist and be writable, the URL must answer', remedyZh: '请检查 alarms.deadMan 的目录权限或网址' },
  'card-issued': { severity: 'warning', text: 'a warning, yellow or red card was issued', zh: '已发预警、黄牌或红牌', remedy: 'gateway clock <case> shows the arithmetic; gateway cards what can be done', remedyZh: '请用 gateway clock <办件编号> 核对时限计算，用 gateway cards 处理' },
  'query-open': { severity: 'warning', text: 'the supervising side asks and nobody has answered', zh: '有督办尚未答复', remedy: 'gateway opinions --queries shows them; gateway opinions --reply <query> --text ... answers', remedyZh: '请用 gateway opinions --queries 查看，用 gateway opinions --reply <督办> --text ... 答复' },
  'settlement-contradicted': { severity: 'critical', text: 'what was settled in a closed day was taken back or corrected later', zh: '已结清的款项事后被退付、冲正或更正', remedy: 'gateway differences --code refunded shows them; find out whether the certificate is out', remedyZh: '请用 gateway differences --code refunded 查看，并核实是否已发证' },
  'clearance-contradicted': { severity: 'critical', text: 'cases that were cleared are not cleared any more', zh: '曾经结清的办件现已不再结清', remedy: 'gateway clearance <case> shows what speaks against it; find out whether the certificate is out', remedyZh: '请用 gateway clearance <办件编号> 查看原因，并核实是否已发证' },
  'write-back-failed': { severity: 'warning', text: 'clearances are not written into the return table of the bureau', zh: '结清结果未能写回业务库返回表', remedy: 'gateway check tries the return table; what is owed is kept and written by itself when the bureau takes it', remedyZh: '请用 gateway check 检查返回表；未写回的内容已保存，恢复后自动写回' },
  'statement-not-delivered': { severity: 'warning', text: 'statements of closed days are not on the staging machine', zh: '已日结的对账单未能送达中间机', remedy: 'gateway status shows whether the staging machine answers; what is owed is kept and written by itself', remedyZh: '请检查中间机；未送达的对账单已保存，恢复后自动送达' },
  'charge-irregular': { severity: 'warning', text: 'charges or payments do not follow the tariff: a matter for supervision', zh: '收费不符合标准，须报监察', remedy: 'gateway differences --code charge-outside-tariff shows them; correct the charge in the bureau or show its ground', remedyZh: '请用 gateway differences --code charge-outside-tariff 查看，更正应收或补充收费依据' },
  'suspense-old': { severity: 'warning', text: 'differences stay open for longer than expected', zh: '差异长时间未处理', remedy: 'gateway differences lists them with the next step; gateway resolve decides', remedyZh: '请用 gateway differences 查看下一步，用 gateway resolve 处理' },
  'inquiry-guessed': { severity: 'warning', text: 'many wrong passwords or identity numbers were tried at the inquiry', zh: '办件查询出现大量错误密码或证件号码', remedy: 'look at the requests in the log of the reverse proxy and shut out who guesses; until the hour is over only inquiry.sharedAddresses are answered', remedyZh: '请查看反向代理日志并封禁异常来源；本小时内仅 inquiry.sharedAddresses 中的地址可以查询' },
  'stage-alarm': { severity: 'warning', text: 'a stage raised an alarm', zh: '业务环节告警', remedy: 'see the text of the alarm', remedyZh: '见告警内容' },
} as const satisfies Record<string, AlarmKindRow>;

export type AlarmKind = keyof typeof alarmKinds;

/** Something that is wrong now. The key names it for as long as it lasts: the same thing has the same key. */
export interface AlarmCondition {
  readonly key: string;
  readonly kind: AlarmKind;
  readonly severity: AlarmSeverity;
  readonly channel?: string | undefined;
  /** What exactly: names, counts, ages. No personal data, no secrets. */
  readonly text: string;
  readonly remedy: string;
  /** Both in Chinese; absent in what a version wrote that had no words for it. */
  readonly textZh?: string | undefined;
  readonly remedyZh?: string | undefined;
}

/** What to do about an alarm; without Chinese words of its own what its kind says. */
export interface AlarmRemedy {
  readonly en: string;
  readonly zh?: string | undefined;
}
