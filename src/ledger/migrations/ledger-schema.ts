import type { Dialect } from '../../platform/database/dialect.js';

/** The statements that make the ledger's tables on one engine. Tables are evidence: nothing here deletes. */
export function ledgerStatements(d: Dialect): string[] {
  const text = (n: number): string => d.type('text', n);
  const { big, int, long, bytes, instant, flag } = {
    big: d.type('big'), int: d.type('int'), long: d.type('long'), bytes: d.type('bytes'), instant: d.type('instant'), flag: d.type('flag'),
  };
  // Exchanges change their claim and state often: room in each page keeps those updates beside the row.
  const roomy = d.engine === 'postgres' ? 'with (fillfactor = 70)' : '';
  return [
    // Numbers given out in blocks inside the transaction that uses them, so that ids are known before the insert.
    `create table counter (name ${text(40)} not null primary key, value ${big} not null)`,
    `insert into counter (name, value) values ('exchange', 0)`,
    `insert into counter (name, value) values ('snapshot', 0)`,
    // One holder at a time for what only one process may do (polling a stream, sweeping).
    `create table lease (name ${text(80)} not null primary key, holder ${text(80)} not null, until_at ${instant} not null, taken_at ${instant} not null)`,
    `create table watermark (
       stream ${text(80)} not null primary key, position ${long} not null, position_version ${big} not null,
       ceiling ${text(60)}, ceiling_since ${instant}, held_back ${flag} not null default 0,
       polled_at ${instant}, moved_at ${instant}, fault_code ${text(60)}, fault_detail ${text(1000)}, fault_since ${instant})`,
    `create table case_head (
       stream ${text(80)} not null, case_no ${text(60)} not null, snapshot_id ${big} not null, digest ${text(64)} not null,
       removed_at ${instant}, seen_at ${instant} not null, fault_code ${text(60)}, fault_detail ${text(1000)},
       primary key (stream, case_no))`,
    `create table case_snapshot (
       id ${big} not null primary key, stream ${text(80)} not null, case_no ${text(60)} not null, digest ${text(64)} not null,
       body ${long} not null, taken_at ${instant} not null)`,
    `create table attachment (
       signature ${text(64)} not null, size ${int} not null, sha256 ${text(64)} not null, content ${bytes} not null,
       stored_at ${instant} not null, primary key (signature, size))`,
    `create table exchange (
       id ${big} not null primary key,
       channel ${text(20)} not null, stream ${text(80)} not null, case_no ${text(60)} not null, event ${text(40)} not null,
       sequence ${text(60)} not null, version ${int} not null, operation ${text(1)} not null,
       state ${text(12)} not null, parked_from ${text(12)},
       lane_position ${big} not null, head ${flag} not null, urgent ${flag} not null,
       snapshot_id ${big} not null, event_digest ${text(64)} not null, event_at ${text(30)} not null,
       message_id ${text(32)} not null, file_name ${text(160)} not null,
       captured_at ${instant} not null, state_since ${instant} not null, due_at ${instant} not null,
       attempts ${int} not null default 0, crashes ${int} not null default 0, tried ${int} not null default 0,
       claim_token ${text(60)}, claimed_until ${instant},
       failure_code ${text(60)}, failure_detail ${text(1000)},
       manifest_seq ${big}, sha256 ${text(64)},
       constraint exchange_once unique (channel, case_no, event, sequence, version)) ${roomy}`,
    `create index exchange_due on exchange (channel, state, head desc, urgent desc, lane_position)`,
    `create index exchange_message on exchange (message_id)`,
    `create index exchange_manifest on exchange (channel, manifest_seq)`,
    `create table message (
       exchange_id ${big} not null primary key, content ${bytes} not null, sha256 ${text(64)} not null, size ${int} not null,
       encoding ${text(20)} not null, mapping_digest ${text(64)} not null, attachments ${long} not null, rendered_at ${instant} not null)`,
    `create table finding (
       exchange_id ${big} not null, ordinal ${int} not null, element ${text(300)} not null, source ${text(300)} not null,
       rule_name ${text(60)} not null, finding_text ${text(1000)} not null, remedy ${text(1000)} not null,
       primary key (exchange_id, ordinal))`,
    // The timeline of an exchange: every move, attempt and acknowledgement, and who caused it.
    `create table exchange_log (
       id ${d.identity}, exchange_id ${big} not null, at ${instant} not null, actor ${text(80)} not null,
       from_state ${text(12)}, to_state ${text(12)}, note ${text(60)} not null, detail ${text(1000)})`,
    `create index exchange_log_exchange on exchange_log (exchange_id, id)`,
    `create table manifest (
       channel ${text(20)} not null, seq ${big} not null, file_name ${text(60)} not null, content ${bytes} not null,
       sha256 ${text(64)} not null, state ${text(12)} not null, prepared_at ${instant} not null, staged_at ${instant},
       primary key (channel, seq))`,
    `create table channel_state (
       channel ${text(20)} not null primary key, paused ${flag} not null default 0, paused_reason ${text(1000)}, paused_by ${text(80)},
       breaker ${text(10)} not null default 'closed', failures ${int} not null default 0, opened_at ${instant}, probe_at ${instant},
       failure_code ${text(60)}, failure_detail ${text(1000)}, capabilities ${long}, probed_at ${instant}, last_success_at ${instant})`,
    // Everything that came in, as bytes, before it was read.
    `create table inbox (
       id ${d.identity}, channel ${text(20)} not null, source ${text(10)} not null, external_id ${text(200)} not null,
       content_type ${text(100)} not null, content ${bytes} not null, sha256 ${text(64)} not null, size ${int} not null,
       received_at ${instant} not null, remote ${text(100)}, state ${text(12)} not null, class ${text(40)}, detail ${text(1000)},
       due_at ${instant} not null, attempts ${int} not null default 0, read_at ${instant},
       constraint inbox_once unique (channel, source, external_id, sha256))`,
    `create index inbox_due on inbox (state, due_at)`,
    `create table acknowledgement (
       id ${d.identity}, inbox_id ${big} not null, ordinal ${int} not null, channel ${text(20)} not null, message_id ${text(60)} not null,
       exchange_id ${big}, level ${text(12)} not null, code ${text(60)}, reason ${text(1000)}, sha256 ${text(64)},
       receiver_time ${text(40)}, received_at ${instant} not null, class ${text(20)} not null, applied_at ${instant},
       constraint acknowledgement_once unique (inbox_id, ordinal))`,
    `create index acknowledgement_exchange on acknowledgement (exchange_id)`,
    `create index acknowledgement_message on acknowledgement (message_id)`,
    `create index acknowledgement_class on acknowledgement (class, channel)`,
    // Compressing each value costs PostgreSQL more than writing it; disks and backups compress better as a whole.
    ...(d.engine === 'postgres'
      ? [`alter table case_snapshot alter column body set storage external`, `alter table message alter column content set storage external`, `alter table inbox alter column content set storage external`]
      : []),
  ];
}
