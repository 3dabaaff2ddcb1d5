-- The sample bureau on PostgreSQL: the tables of config/streams/case.yaml and the catalogue of items. May be run again.
-- row_version stands in for SQL Server's rowversion: the id of the transaction that wrote the row, so that a reader who stays
-- below the oldest running transaction (pg_snapshot_xmin) never passes a row that is committed late.

create or replace function land_stamp_row() returns trigger language plpgsql as $$
begin
  new.row_version := pg_current_xact_id()::text::bigint;
  return new;
end
$$;

create table if not exists land_item (
  item_code        varchar(20) not null,
  item_name        varchar(200) not null,
  section          varchar(10) not null,
  case_kind        varchar(2) not null,
  item_type        varchar(2) not null,
  basic_code       varchar(20) not null,
  implement_code   varchar(40) not null,
  certificate_name varchar(200),
  primary key (item_code)
);
comment on table land_item is '事项目录';
comment on column land_item.item_code is '事项编码';
comment on column land_item.item_name is '事项名称';
comment on column land_item.section is '科室:地产、交易、地籍';
comment on column land_item.case_kind is '办件类型:J 即办件,C 承诺件,Q 其他';
comment on column land_item.item_type is '事项类型:01 许可,04 征收,07 确认,09 裁决,10 其他,20 公共服务';
comment on column land_item.basic_code is '基本编码,10 位';
comment on column land_item.implement_code is '实施编码,24 位';
comment on column land_item.certificate_name is '结果证照名称,空为不发证';

create table if not exists land_item_limit (
  item_code       varchar(20) not null,
  effective_from  date not null,
  committed_limit integer not null,
  committed_unit  varchar(2) not null,
  statutory_limit integer not null,
  statutory_unit  varchar(2) not null,
  letter_no       varchar(100) not null,
  primary key (item_code, effective_from),
  foreign key (item_code) references land_item (item_code) on delete cascade
);
comment on table land_item_limit is '事项时限';
comment on column land_item_limit.item_code is '事项编码';
comment on column land_item_limit.effective_from is '生效日期';
comment on column land_item_limit.committed_limit is '承诺时限';
comment on column land_item_limit.committed_unit is '承诺时限单位:W 工作日,N 自然日,H 小时,I 即时';
comment on column land_item_limit.statutory_limit is '法定时限';
comment on column land_item_limit.statutory_unit is '法定时限单位';
comment on column land_item_limit.letter_no is '调整依据的文号';

create table if not exists land_case (
  case_no               varchar(50) not null,
  item_code             varchar(20),
  item_name             varchar(200),
  section               varchar(10),
  case_kind             varchar(2),
  project_name          varchar(500),
  apply_source          varchar(2),
  applied_at            timestamp(3),
  applied_place         varchar(200),
  division_code         varchar(12),
  status                varchar(20) not null,
  accept_org            varchar(200),
  accept_org_uscc       varchar(18),
  accepted_at           timestamp(3),
  accepted_by           varchar(100),
  accept_doc_no         varchar(50),
  refused_at            timestamp(3),
  refused_by            varchar(100),
  refuse_reason         varchar(2000),
  statutory_limit       integer,
  statutory_unit        varchar(2),
  committed_limit       integer,
  committed_unit        varchar(2),
  query_password        varchar(20),
  investment_project_no varchar(50),
  closed_at             timestamp(3),
  closed_by             varchar(100),
  result_code           varchar(20),
  result_text           varchar(2000),
  is_charged            boolean,
  charge_total          numeric(16,2),
  handled_offline       boolean not null,
  withdrawn_at          timestamp(3),
  remark                varchar(2000),
  row_version           bigint not null,
  primary key (case_no)
);
create index if not exists ix_land_case_row_version on land_case (row_version, case_no);
create or replace trigger stamp_row before insert or update on land_case for each row execute function land_stamp_row();
comment on table land_case is '办件';
comment on column land_case.case_no is '办件编号,如 YYGT202611000123';
comment on column land_case.item_code is '事项编码,见 land_item';
comment on column land_case.item_name is '事项名称';
comment on column land_case.section is '科室:地产、交易、地籍';
comment on column land_case.case_kind is '办件类型:J 即办件,C 承诺件,Q 其他';
comment on column land_case.project_name is '办理摘要';
comment on column land_case.apply_source is '申报来源:W 窗口,N 网上,Z 自助机,Y 邮寄';
comment on column land_case.applied_at is '申报时间';
comment on column land_case.applied_place is '申报地点';
comment on column land_case.division_code is '行政区划,6 位';
comment on column land_case.status is '状态:APPLIED ACCEPTED REFUSED HANDLING CLOSED WITHDRAWN VOID';
comment on column land_case.accept_org is '受理单位';
comment on column land_case.accept_org_uscc is '受理单位统一社会信用代码';
comment on column land_case.accepted_at is '受理时间';
comment on column land_case.accepted_by is '受理人';
comment on column land_case.accept_doc_no is '受理文书编号';
comment on column land_case.refused_at is '不予受理时间';
comment on column land_case.refused_by is '不予受理办理人';
comment on column land_case.refuse_reason is '不予受理原因';
comment on column land_case.statutory_limit is '法定时限,受理时固定';
comment on column land_case.statutory_unit is '法定时限单位:W 工作日,N 自然日,H 小时,I 即时';
comment on column land_case.committed_limit is '承诺时限,受理时固定';
comment on column land_case.committed_unit is '承诺时限单位,同上';
comment on column land_case.query_password is '查询密码';
comment on column land_case.investment_project_no is '投资项目编号';
comment on column land_case.closed_at is '办结时间';
comment on column land_case.closed_by is '办结人';
comment on column land_case.result_code is '办结结果:PASS DENY RETURN VOID EXPIRED OTHER';
comment on column land_case.result_text is '结果描述';
comment on column land_case.is_charged is '是否收费';
comment on column land_case.charge_total is '收费金额,元';
comment on column land_case.handled_offline is '特急手工办理,事后补录';
comment on column land_case.withdrawn_at is '申请人撤回时间';
comment on column land_case.remark is '备注';
comment on column land_case.row_version is '行版本,变更水位';

create table if not exists land_applicant (
  case_no      varchar(50) not null,
  applicant_no integer not null,
  role         varchar(20),
  kind         varchar(2),
  name         varchar(300),
  cert_kind    varchar(10),
  cert_no      varchar(50),
  legal_person varchar(100),
  phone        varchar(50),
  postcode     varchar(10),
  address      varchar(300),
  email        varchar(100),
  share        varchar(100),
  row_version  bigint not null,
  primary key (case_no, applicant_no),
  foreign key (case_no) references land_case (case_no) on delete cascade
);
create index if not exists ix_land_applicant_row_version on land_applicant (row_version, case_no);
create or replace trigger stamp_row before insert or update on land_applicant for each row execute function land_stamp_row();
comment on table land_applicant is '申请人';
comment on column land_applicant.case_no is '办件编号';
comment on column land_applicant.applicant_no is '序号,1 为主申请人';
comment on column land_applicant.role is '身份:APPLICANT 申请人,AGENT 代理人,TRANSFEROR 转让方,TRANSFEREE 受让方';
comment on column land_applicant.kind is '类型:P 自然人,E 企业,I 事业单位,S 社会组织,G 机关,O 其他';
comment on column land_applicant.name is '姓名或名称';
comment on column land_applicant.cert_kind is '证件种类:SFZ HZ JGZ USCC OLDORG OTHER';
comment on column land_applicant.cert_no is '证件号码';
comment on column land_applicant.legal_person is '法定代表人';
comment on column land_applicant.phone is '电话';
comment on column land_applicant.postcode is '邮编';
comment on column land_applicant.address is '通讯地址';
comment on column land_applicant.email is '电子邮箱';
comment on column land_applicant.share is '共有份额';
comment on column land_applicant.row_version is '行版本,变更水位';

create table if not exists land_parcel (
  case_no         varchar(50) not null,
  parcel_no       integer not null,
  unit_code       varchar(50),
  location        varchar(300),
  land_use        varchar(100),
  area_m2         numeric(16,2),
  right_kind      varchar(100),
  right_end       date,
  mortgage_amount numeric(18,2),
  row_version     bigint not null,
  primary key (case_no, parcel_no),
  foreign key (case_no) references land_case (case_no) on delete cascade
);
create index if not exists ix_land_parcel_row_version on land_parcel (row_version, case_no);
create or replace trigger stamp_row before insert or update on land_parcel for each row execute function land_stamp_row();
comment on table land_parcel is '宗地';
comment on column land_parcel.case_no is '办件编号';
comment on column land_parcel.parcel_no is '序号';
comment on column land_parcel.unit_code is '不动产单元代码,28 位';
comment on column land_parcel.location is '坐落';
comment on column land_parcel.land_use is '土地用途';
comment on column land_parcel.area_m2 is '面积,平方米';
comment on column land_parcel.right_kind is '权利类型';
comment on column land_parcel.right_end is '权利终止日期';
comment on column land_parcel.mortgage_amount is '抵押金额,元';
comment on column land_parcel.row_version is '行版本,变更水位';

create table if not exists land_step (
  case_no      varchar(50) not null,
  step_no      integer not null,
  stage        varchar(10),
  step_name    varchar(200),
  action       varchar(10),
  handler      varchar(100),
  handler_post varchar(100),
  org          varchar(200),
  org_uscc     varchar(18),
  opinion      varchar(4000),
  started_at   timestamp(3),
  ended_at     timestamp(3),
  step_status  varchar(10) not null,
  row_version  bigint not null,
  primary key (case_no, step_no),
  foreign key (case_no) references land_case (case_no) on delete cascade
);
create index if not exists ix_land_step_row_version on land_step (row_version, case_no);
create or replace trigger stamp_row before insert or update on land_step for each row execute function land_stamp_row();
comment on table land_step is '审批环节';
comment on column land_step.case_no is '办件编号';
comment on column land_step.step_no is '序号';
comment on column land_step.stage is '环节:CB 承办,SH 审核,PZ 批准';
comment on column land_step.step_name is '环节名称';
comment on column land_step.action is '业务动作:PASS RETURN OTHER';
comment on column land_step.handler is '处理人';
comment on column land_step.handler_post is '职务';
comment on column land_step.org is '处理单位';
comment on column land_step.org_uscc is '处理单位统一社会信用代码';
comment on column land_step.opinion is '意见';
comment on column land_step.started_at is '开始时间';
comment on column land_step.ended_at is '结束时间';
comment on column land_step.step_status is '状态:TODO 待办,DONE 已办';
comment on column land_step.row_version is '行版本,变更水位';

create table if not exists land_supplement (
  case_no        varchar(50) not null,
  supplement_no  integer not null,
  notice_no      varchar(50),
  notified_at    timestamp(3),
  notified_by    varchar(100),
  reason         varchar(2000),
  material_list  varchar(2000),
  received_at    timestamp(3),
  received_by    varchar(100),
  received_list  varchar(2000),
  received_place varchar(200),
  row_version    bigint not null,
  primary key (case_no, supplement_no),
  foreign key (case_no) references land_case (case_no) on delete cascade
);
create index if not exists ix_land_supplement_row_version on land_supplement (row_version, case_no);
create or replace trigger stamp_row before insert or update on land_supplement for each row execute function land_stamp_row();
comment on table land_supplement is '补正';
comment on column land_supplement.case_no is '办件编号';
comment on column land_supplement.supplement_no is '序号';
comment on column land_supplement.notice_no is '补正告知书编号';
comment on column land_supplement.notified_at is '告知时间';
comment on column land_supplement.notified_by is '告知人';
comment on column land_supplement.reason is '补正原因';
comment on column land_supplement.material_list is '需补材料清单';
comment on column land_supplement.received_at is '补正受理时间';
comment on column land_supplement.received_by is '补正受理人';
comment on column land_supplement.received_list is '收到材料清单';
comment on column land_supplement.received_place is '收件地点';
comment on column land_supplement.row_version is '行版本,变更水位';

create table if not exists land_special (
  case_no         varchar(50) not null,
  special_no      integer not null,
  kind            varchar(10),
  kind_name       varchar(100),
  reason          varchar(2000),
  content         varchar(2000),
  approved_by     varchar(100),
  approved_length integer,
  approved_unit   varchar(2),
  notice_no       varchar(50),
  started_at      timestamp(3),
  ended_at        timestamp(3),
  result          varchar(2000),
  handled_by      varchar(100),
  org             varchar(200),
  org_uscc        varchar(18),
  row_version     bigint not null,
  primary key (case_no, special_no),
  foreign key (case_no) references land_case (case_no) on delete cascade
);
create index if not exists ix_land_special_row_version on land_special (row_version, case_no);
create or replace trigger stamp_row before insert or update on land_special for each row execute function land_stamp_row();
comment on table land_special is '特别程序';
comment on column land_special.case_no is '办件编号';
comment on column land_special.special_no is '序号';
comment on column land_special.kind is '种类:YC 延长审批,TZ 听证,ZB 招标拍卖挂牌,JC 检验检测鉴定,PS 专家评审,GS 公示';
comment on column land_special.kind_name is '种类名称';
comment on column land_special.reason is '启动理由或依据';
comment on column land_special.content is '申请内容';
comment on column land_special.approved_by is '批准人';
comment on column land_special.approved_length is '批准时长';
comment on column land_special.approved_unit is '批准时长单位:W 工作日,N 自然日';
comment on column land_special.notice_no is '书面告知书编号';
comment on column land_special.started_at is '开始时间';
comment on column land_special.ended_at is '结束时间';
comment on column land_special.result is '结果';
comment on column land_special.handled_by is '办理人';
comment on column land_special.org is '办理单位';
comment on column land_special.org_uscc is '办理单位统一社会信用代码';
comment on column land_special.row_version is '行版本,变更水位';

create table if not exists land_certificate (
  case_no        varchar(50) not null,
  certificate_no integer not null,
  cert_name      varchar(200),
  cert_code      varchar(100),
  issued_on      date,
  valid_until    date,
  issuer         varchar(200),
  issuer_uscc    varchar(18),
  row_version    bigint not null,
  primary key (case_no, certificate_no),
  foreign key (case_no) references land_case (case_no) on delete cascade
);
create index if not exists ix_land_certificate_row_version on land_certificate (row_version, case_no);
create or replace trigger stamp_row before insert or update on land_certificate for each row execute function land_stamp_row();
comment on table land_certificate is '结果证照';
comment on column land_certificate.case_no is '办件编号';
comment on column land_certificate.certificate_no is '序号';
comment on column land_certificate.cert_name is '证照名称';
comment on column land_certificate.cert_code is '证照编号';
comment on column land_certificate.issued_on is '发证日期';
comment on column land_certificate.valid_until is '有效期至,9999-01-01 为长期';
comment on column land_certificate.issuer is '发证单位';
comment on column land_certificate.issuer_uscc is '发证单位统一社会信用代码';
comment on column land_certificate.row_version is '行版本,变更水位';

create table if not exists land_pickup (
  case_no     varchar(50) not null,
  pickup_no   integer not null,
  picked_by   varchar(100),
  cert_kind   varchar(10),
  cert_no     varchar(50),
  method      varchar(2),
  picked_at   timestamp(3),
  express_no  varchar(50),
  row_version bigint not null,
  primary key (case_no, pickup_no),
  foreign key (case_no) references land_case (case_no) on delete cascade
);
create index if not exists ix_land_pickup_row_version on land_pickup (row_version, case_no);
create or replace trigger stamp_row before insert or update on land_pickup for each row execute function land_stamp_row();
comment on table land_pickup is '领取登记';
comment on column land_pickup.case_no is '办件编号';
comment on column land_pickup.pickup_no is '序号';
comment on column land_pickup.picked_by is '领取人';
comment on column land_pickup.cert_kind is '证件种类,同申请人';
comment on column land_pickup.cert_no is '证件号码';
comment on column land_pickup.method is '领取方式:W 窗口,Y 邮寄,Z 自助机';
comment on column land_pickup.picked_at is '领取时间';
comment on column land_pickup.express_no is '快递单号';
comment on column land_pickup.row_version is '行版本,变更水位';

create table if not exists land_material (
  case_no      varchar(50) not null,
  material_no  integer not null,
  name         varchar(300),
  is_received  boolean not null,
  medium       varchar(2),
  form         varchar(2),
  copies       integer,
  received_at  timestamp(3),
  file_name    varchar(200),
  file_md5     varchar(32),
  file_size    integer,
  file_content bytea,
  row_version  bigint not null,
  primary key (case_no, material_no),
  foreign key (case_no) references land_case (case_no) on delete cascade
);
create index if not exists ix_land_material_row_version on land_material (row_version, case_no);
create or replace trigger stamp_row before insert or update on land_material for each row execute function land_stamp_row();
comment on table land_material is '材料';
comment on column land_material.case_no is '办件编号';
comment on column land_material.material_no is '序号';
comment on column land_material.name is '材料名称';
comment on column land_material.is_received is '是否收取';
comment on column land_material.medium is '介质:Z 纸质,D 电子';
comment on column land_material.form is '形式:Y 原件,F 复印件,D 电子件';
comment on column land_material.copies is '份数';
comment on column land_material.received_at is '收取时间';
comment on column land_material.file_name is '扫描件文件名';
comment on column land_material.file_md5 is '扫描件 MD5 签名,32 位十六进制';
comment on column land_material.file_size is '扫描件字节数';
comment on column land_material.file_content is '扫描件内容';
comment on column land_material.row_version is '行版本,变更水位';

create table if not exists land_charge (
  case_no       varchar(50) not null,
  charge_no     integer not null,
  fee_item_code varchar(20),
  fee_item_name varchar(200),
  basis         varchar(500),
  standard      varchar(500),
  amount        numeric(16,2),
  exempt        boolean not null,
  exempt_reason varchar(500),
  payer         varchar(300),
  payment_code  varchar(30),
  tax_kinds     varchar(200),
  row_version   bigint not null,
  primary key (case_no, charge_no),
  foreign key (case_no) references land_case (case_no) on delete cascade
);
create index if not exists ix_land_charge_row_version on land_charge (row_version, case_no);
create or replace trigger stamp_row before insert or update on land_charge for each row execute function land_stamp_row();
comment on table land_charge is '应收';
comment on column land_charge.case_no is '办件编号';
comment on column land_charge.charge_no is '序号';
comment on column land_charge.fee_item_code is '收费项目编码';
comment on column land_charge.fee_item_name is '收费项目名称';
comment on column land_charge.basis is '收费依据';
comment on column land_charge.standard is '收费标准';
comment on column land_charge.amount is '金额,元';
comment on column land_charge.exempt is '是否减免';
comment on column land_charge.exempt_reason is '减免原因';
comment on column land_charge.payer is '缴款人';
comment on column land_charge.payment_code is '缴款码,20 位';
comment on column land_charge.tax_kinds is '应缴税种,逗号分隔';
comment on column land_charge.row_version is '行版本,变更水位';

create table if not exists land_return (
  seq           bigint generated always as identity,
  case_no       varchar(60) not null,
  return_no     integer not null,
  is_cleared    boolean not null,
  state         varchar(20) not null,
  fees_due      integer not null,
  fees_settled  integer not null,
  taxes_due     integer not null,
  taxes_settled integer not null,
  missing       varchar(1000) not null,
  decided_at    timestamp not null,
  digest        varchar(64) not null,
  primary key (case_no, return_no)
);
create unique index if not exists ix_land_return_seq on land_return (seq);
comment on table land_return is '税费结清返回表;网关唯一写入的表,只增不改';
comment on column land_return.seq is '写入顺序';
comment on column land_return.case_no is '办件编号';
comment on column land_return.return_no is '该办件的第几次返回,最大者为现状';
comment on column land_return.is_cleared is '税费是否结清;为真方可发证';
comment on column land_return.state is '状态:cleared 结清,not-cleared 未结清,contradicted 结清后被否定,nothing-charged 无应收';
comment on column land_return.fees_due is '应收笔数';
comment on column land_return.fees_settled is '已结清应收笔数';
comment on column land_return.taxes_due is '应税项数';
comment on column land_return.taxes_settled is '已完税项数';
comment on column land_return.missing is '尚缺内容,分号分隔';
comment on column land_return.decided_at is '判定时间';
comment on column land_return.digest is '内容摘要';
