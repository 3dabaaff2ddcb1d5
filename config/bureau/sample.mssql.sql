-- The sample bureau on SQL Server: the tables of config/streams/case.yaml and the catalogue of items. May be run again.
-- Batches are separated by lines that hold only GO. An account that reads needs SELECT only; ask the bureau to allow
-- snapshot isolation (alter database … set allow_snapshot_isolation on), so that a case is read as of one moment.

-- 事项目录
if object_id(N'land_item') is null
create table land_item (
  item_code        nvarchar(20) not null, -- 事项编码
  item_name        nvarchar(200) not null, -- 事项名称
  section          nvarchar(10) not null, -- 科室:地产、交易、地籍
  case_kind        nvarchar(2) not null, -- 办件类型:J 即办件,C 承诺件,Q 其他
  item_type        nvarchar(2) not null, -- 事项类型:01 许可,04 征收,07 确认,09 裁决,10 其他,20 公共服务
  basic_code       nvarchar(20) not null, -- 基本编码,10 位
  implement_code   nvarchar(40) not null, -- 实施编码,24 位
  certificate_name nvarchar(200) null, -- 结果证照名称,空为不发证
  constraint pk_land_item primary key (item_code)
)
GO

-- 事项时限
if object_id(N'land_item_limit') is null
create table land_item_limit (
  item_code       nvarchar(20) not null, -- 事项编码
  effective_from  date not null, -- 生效日期
  committed_limit int not null, -- 承诺时限
  committed_unit  nvarchar(2) not null, -- 承诺时限单位:W 工作日,N 自然日,H 小时,I 即时
  statutory_limit int not null, -- 法定时限
  statutory_unit  nvarchar(2) not null, -- 法定时限单位
  letter_no       nvarchar(100) not null, -- 调整依据的文号
  constraint fk_land_item_limit foreign key (item_code) references land_item (item_code) on delete cascade,
  constraint pk_land_item_limit primary key (item_code, effective_from)
)
GO

-- 办件
if object_id(N'land_case') is null
create table land_case (
  case_no               nvarchar(50) not null, -- 办件编号,如 YYGT202611000123
  item_code             nvarchar(20) null, -- 事项编码,见 land_item
  item_name             nvarchar(200) null, -- 事项名称
  section               nvarchar(10) null, -- 科室:地产、交易、地籍
  case_kind             nvarchar(2) null, -- 办件类型:J 即办件,C 承诺件,Q 其他
  project_name          nvarchar(500) null, -- 办理摘要
  apply_source          nvarchar(2) null, -- 申报来源:W 窗口,N 网上,Z 自助机,Y 邮寄
  applied_at            datetime2(3) null, -- 申报时间
  applied_place         nvarchar(200) null, -- 申报地点
  division_code         nvarchar(12) null, -- 行政区划,6 位
  status                nvarchar(20) not null, -- 状态:APPLIED ACCEPTED REFUSED HANDLING CLOSED WITHDRAWN VOID
  accept_org            nvarchar(200) null, -- 受理单位
  accept_org_uscc       nvarchar(18) null, -- 受理单位统一社会信用代码
  accepted_at           datetime2(3) null, -- 受理时间
  accepted_by           nvarchar(100) null, -- 受理人
  accept_doc_no         nvarchar(50) null, -- 受理文书编号
  refused_at            datetime2(3) null, -- 不予受理时间
  refused_by            nvarchar(100) null, -- 不予受理办理人
  refuse_reason         nvarchar(2000) null, -- 不予受理原因
  statutory_limit       int null, -- 法定时限,受理时固定
  statutory_unit        nvarchar(2) null, -- 法定时限单位:W 工作日,N 自然日,H 小时,I 即时
  committed_limit       int null, -- 承诺时限,受理时固定
  committed_unit        nvarchar(2) null, -- 承诺时限单位,同上
  query_password        nvarchar(20) null, -- 查询密码
  investment_project_no nvarchar(50) null, -- 投资项目编号
  closed_at             datetime2(3) null, -- 办结时间
  closed_by             nvarchar(100) null, -- 办结人
  result_code           nvarchar(20) null, -- 办结结果:PASS DENY RETURN VOID EXPIRED OTHER
  result_text           nvarchar(2000) null, -- 结果描述
  is_charged            bit null, -- 是否收费
  charge_total          decimal(16,2) null, -- 收费金额,元
  handled_offline       bit not null, -- 特急手工办理,事后补录
  withdrawn_at          datetime2(3) null, -- 申请人撤回时间
  remark                nvarchar(2000) null, -- 备注
  row_version           rowversion not null, -- 行版本,变更水位
  constraint pk_land_case primary key (case_no)
)
GO
if not exists (select 1 from sys.indexes where name = N'ix_land_case_row_version')
create index ix_land_case_row_version on land_case (row_version, case_no)
GO

-- 申请人
if object_id(N'land_applicant') is null
create table land_applicant (
  case_no      nvarchar(50) not null, -- 办件编号
  applicant_no int not null, -- 序号,1 为主申请人
  role         nvarchar(20) null, -- 身份:APPLICANT 申请人,AGENT 代理人,TRANSFEROR 转让方,TRANSFEREE 受让方
  kind         nvarchar(2) null, -- 类型:P 自然人,E 企业,I 事业单位,S 社会组织,G 机关,O 其他
  name         nvarchar(300) null, -- 姓名或名称
  cert_kind    nvarchar(10) null, -- 证件种类:SFZ HZ JGZ USCC OLDORG OTHER
  cert_no      nvarchar(50) null, -- 证件号码
  legal_person nvarchar(100) null, -- 法定代表人
  phone        nvarchar(50) null, -- 电话
  postcode     nvarchar(10) null, -- 邮编
  address      nvarchar(300) null, -- 通讯地址
  email        nvarchar(100) null, -- 电子邮箱
  share        nvarchar(100) null, -- 共有份额
  row_version  rowversion not null, -- 行版本,变更水位
  constraint fk_land_applicant foreign key (case_no) references land_case (case_no) on delete cascade,
  constraint pk_land_applicant primary key (case_no, applicant_no)
)
GO
if not exists (select 1 from sys.indexes where name = N'ix_land_applicant_row_version')
create index ix_land_applicant_row_version on land_applicant (row_version, case_no)
GO

-- 宗地
if object_id(N'land_parcel') is null
create table land_parcel (
  case_no         nvarchar(50) not null, -- 办件编号
  parcel_no       int not null, -- 序号
  unit_code       nvarchar(50) null, -- 不动产单元代码,28 位
  location        nvarchar(300) null, -- 坐落
  land_use        nvarchar(100) null, -- 土地用途
  area_m2         decimal(16,2) null, -- 面积,平方米
  right_kind      nvarchar(100) null, -- 权利类型
  right_end       date null, -- 权利终止日期
  mortgage_amount decimal(18,2) null, -- 抵押金额,元
  row_version     rowversion not null, -- 行版本,变更水位
  constraint fk_land_parcel foreign key (case_no) references land_case (case_no) on delete cascade,
  constraint pk_land_parcel primary key (case_no, parcel_no)
)
GO
if not exists (select 1 from sys.indexes where name = N'ix_land_parcel_row_version')
create index ix_land_parcel_row_version on land_parcel (row_version, case_no)
GO

-- 审批环节
if object_id(N'land_step') is null
create table land_step (
  case_no      nvarchar(50) not null, -- 办件编号
  step_no      int not null, -- 序号
  stage        nvarchar(10) null, -- 环节:CB 承办,SH 审核,PZ 批准
  step_name    nvarchar(200) null, -- 环节名称
  action       nvarchar(10) null, -- 业务动作:PASS RETURN OTHER
  handler      nvarchar(100) null, -- 处理人
  handler_post nvarchar(100) null, -- 职务
  org          nvarchar(200) null, -- 处理单位
  org_uscc     nvarchar(18) null, -- 处理单位统一社会信用代码
  opinion      nvarchar(4000) null, -- 意见
  started_at   datetime2(3) null, -- 开始时间
  ended_at     datetime2(3) null, -- 结束时间
  step_status  nvarchar(10) not null, -- 状态:TODO 待办,DONE 已办
  row_version  rowversion not null, -- 行版本,变更水位
  constraint fk_land_step foreign key (case_no) references land_case (case_no) on delete cascade,
  constraint pk_land_step primary key (case_no, step_no)
)
GO
if not exists (select 1 from sys.indexes where name = N'ix_land_step_row_version')
create index ix_land_step_row_version on land_step (row_version, case_no)
GO

-- 补正
if object_id(N'land_supplement') is null
create table land_supplement (
  case_no        nvarchar(50) not null, -- 办件编号
  supplement_no  int not null, -- 序号
  notice_no      nvarchar(50) null, -- 补正告知书编号
  notified_at    datetime2(3) null, -- 告知时间
  notified_by    nvarchar(100) null, -- 告知人
  reason         nvarchar(2000) null, -- 补正原因
  material_list  nvarchar(2000) null, -- 需补材料清单
  received_at    datetime2(3) null, -- 补正受理时间
  received_by    nvarchar(100) null, -- 补正受理人
  received_list  nvarchar(2000) null, -- 收到材料清单
  received_place nvarchar(200) null, -- 收件地点
  row_version    rowversion not null, -- 行版本,变更水位
  constraint fk_land_supplement foreign key (case_no) references land_case (case_no) on delete cascade,
  constraint pk_land_supplement primary key (case_no, supplement_no)
)
GO
if not exists (select 1 from sys.indexes where name = N'ix_land_supplement_row_version')
create index ix_land_supplement_row_version on land_supplement (row_version, case_no)
GO

-- 特别程序
if object_id(N'land_special') is null
create table land_special (
  case_no         nvarchar(50) not null, -- 办件编号
  special_no      int not null, -- 序号
  kind            nvarchar(10) null, -- 种类:YC 延长审批,TZ 听证,ZB 招标拍卖挂牌,JC 检验检测鉴定,PS 专家评审,GS 公示
  kind_name       nvarchar(100) null, -- 种类名称
  reason          nvarchar(2000) null, -- 启动理由或依据
  content         nvarchar(2000) null, -- 申请内容
  approved_by     nvarchar(100) null, -- 批准人
  approved_length int null, -- 批准时长
  approved_unit   nvarchar(2) null, -- 批准时长单位:W 工作日,N 自然日
  notice_no       nvarchar(50) null, -- 书面告知书编号
  started_at      datetime2(3) null, -- 开始时间
  ended_at        datetime2(3) null, -- 结束时间
  result          nvarchar(2000) null, -- 结果
  handled_by      nvarchar(100) null, -- 办理人
  org             nvarchar(200) null, -- 办理单位
  org_uscc        nvarchar(18) null, -- 办理单位统一社会信用代码
  row_version     rowversion not null, -- 行版本,变更水位
  constraint fk_land_special foreign key (case_no) references land_case (case_no) on delete cascade,
  constraint pk_land_special primary key (case_no, special_no)
)
GO
if not exists (select 1 from sys.indexes where name = N'ix_land_special_row_version')
create index ix_land_special_row_version on land_special (row_version, case_no)
GO

-- 结果证照
if object_id(N'land_certificate') is null
create table land_certificate (
  case_no        nvarchar(50) not null, -- 办件编号
  certificate_no int not null, -- 序号
  cert_name      nvarchar(200) null, -- 证照名称
  cert_code      nvarchar(100) null, -- 证照编号
  issued_on      date null, -- 发证日期
  valid_until    date null, -- 有效期至,9999-01-01 为长期
  issuer         nvarchar(200) null, -- 发证单位
  issuer_uscc    nvarchar(18) null, -- 发证单位统一社会信用代码
  row_version    rowversion not null, -- 行版本,变更水位
  constraint fk_land_certificate foreign key (case_no) references land_case (case_no) on delete cascade,
  constraint pk_land_certificate primary key (case_no, certificate_no)
)
GO
if not exists (select 1 from sys.indexes where name = N'ix_land_certificate_row_version')
create index ix_land_certificate_row_version on land_certificate (row_version, case_no)
GO

-- 领取登记
if object_id(N'land_pickup') is null
create table land_pickup (
  case_no     nvarchar(50) not null, -- 办件编号
  pickup_no   int not null, -- 序号
  picked_by   nvarchar(100) null, -- 领取人
  cert_kind   nvarchar(10) null, -- 证件种类,同申请人
  cert_no     nvarchar(50) null, -- 证件号码
  method      nvarchar(2) null, -- 领取方式:W 窗口,Y 邮寄,Z 自助机
  picked_at   datetime2(3) null, -- 领取时间
  express_no  nvarchar(50) null, -- 快递单号
  row_version rowversion not null, -- 行版本,变更水位
  constraint fk_land_pickup foreign key (case_no) references land_case (case_no) on delete cascade,
  constraint pk_land_pickup primary key (case_no, pickup_no)
)
GO
if not exists (select 1 from sys.indexes where name = N'ix_land_pickup_row_version')
create index ix_land_pickup_row_version on land_pickup (row_version, case_no)
GO

-- 材料
if object_id(N'land_material') is null
create table land_material (
  case_no      nvarchar(50) not null, -- 办件编号
  material_no  int not null, -- 序号
  name         nvarchar(300) null, -- 材料名称
  is_received  bit not null, -- 是否收取
  medium       nvarchar(2) null, -- 介质:Z 纸质,D 电子
  form         nvarchar(2) null, -- 形式:Y 原件,F 复印件,D 电子件
  copies       int null, -- 份数
  received_at  datetime2(3) null, -- 收取时间
  file_name    nvarchar(200) null, -- 扫描件文件名
  file_md5     nvarchar(32) null, -- 扫描件 MD5 签名,32 位十六进制
  file_size    int null, -- 扫描件字节数
  file_content varbinary(max) null, -- 扫描件内容
  row_version  rowversion not null, -- 行版本,变更水位
  constraint fk_land_material foreign key (case_no) references land_case (case_no) on delete cascade,
  constraint pk_land_material primary key (case_no, material_no)
)
GO
if not exists (select 1 from sys.indexes where name = N'ix_land_material_row_version')
create index ix_land_material_row_version on land_material (row_version, case_no)
GO

-- 应收
if object_id(N'land_charge') is null
create table land_charge (
  case_no       nvarchar(50) not null, -- 办件编号
  charge_no     int not null, -- 序号
  fee_item_code nvarchar(20) null, -- 收费项目编码
  fee_item_name nvarchar(200) null, -- 收费项目名称
  basis         nvarchar(500) null, -- 收费依据
  standard      nvarchar(500) null, -- 收费标准
  amount        decimal(16,2) null, -- 金额,元
  exempt        bit not null, -- 是否减免
  exempt_reason nvarchar(500) null, -- 减免原因
  payer         nvarchar(300) null, -- 缴款人
  payment_code  nvarchar(30) null, -- 缴款码,20 位
  tax_kinds     nvarchar(200) null, -- 应缴税种,逗号分隔
  row_version   rowversion not null, -- 行版本,变更水位
  constraint fk_land_charge foreign key (case_no) references land_case (case_no) on delete cascade,
  constraint pk_land_charge primary key (case_no, charge_no)
)
GO
if not exists (select 1 from sys.indexes where name = N'ix_land_charge_row_version')
create index ix_land_charge_row_version on land_charge (row_version, case_no)
GO

-- 税费结清返回表;网关唯一写入的表,只增不改
if object_id(N'land_return') is null
create table land_return (
  seq           bigint identity(1,1) not null, -- 写入顺序
  case_no       nvarchar(60) not null, -- 办件编号
  return_no     int not null, -- 该办件的第几次返回,最大者为现状
  is_cleared    bit not null, -- 税费是否结清;为真方可发证
  state         nvarchar(20) not null, -- 状态:cleared 结清,not-cleared 未结清,contradicted 结清后被否定,nothing-charged 无应收
  fees_due      int not null, -- 应收笔数
  fees_settled  int not null, -- 已结清应收笔数
  taxes_due     int not null, -- 应税项数
  taxes_settled int not null, -- 已完税项数
  missing       nvarchar(1000) not null, -- 尚缺内容,分号分隔
  decided_at    datetime2(0) not null, -- 判定时间
  digest        nvarchar(64) not null, -- 内容摘要
  constraint pk_land_return primary key (case_no, return_no)
)
GO
if not exists (select 1 from sys.indexes where name = N'ix_land_return_seq')
create unique index ix_land_return_seq on land_return (seq)
GO
