import type { Dialect } from '../../platform/database/dialect.js';

/**
 * Tables of reconciliation. Charges, tax expectations, fee and tax records take their ids from one counter, so that an id names
 * one item whatever its kind. Every item stands in exactly one live match line or one open difference once it was looked at.
 */
export function reconciliationStatements(d: Dialect): string[] {
  const text = (n: number): string => d.type('text', n);
  const { big, int, long, instant, flag } = { big: d.type('big'), int: d.type('int'), long: d.type('long'), instant: d.type('instant'), flag: d.type('flag') };
  return [
    `insert into counter (name, value) values ('reconciliation', 0)`,
    `insert into counter (name, value) values ('match', 0)`,
    // How far a follower has read; the row is also the lock under which matches and differences are written.
    `create table reconciliation_position (name ${text(40)} not null primary key, position ${big} not null, position_version ${big} not null)`,
    `insert into reconciliation_position (name, position, position_version) values ('charges', 0, 0)`,
    `insert into reconciliation_position (name, position, position_version) values ('matches', 0, 0)`,
    `create table charge (
       id ${big} not null primary key, stream ${text(80)} not null, case_no ${text(60)} not null, item_code ${text(60)},
       charge_no ${text(60)} not null, version ${int} not null, fee_item_code ${text(60)} not null, fee_item_name ${text(200)} not null,
       amount_fen ${big} not null, exempt ${flag} not null, exempt_reason ${text(400)}, payer ${text(200)}, payer_key ${text(32)},
       payment_code ${text(60)}, tax_kinds ${text(200)} not null, tariff_facts ${text(400)} not null, digest ${text(64)} not null, day ${text(10)} not null, statement_day ${text(10)} not null,
       snapshot_id ${big} not null, recorded_at ${instant} not null,
       ended_at ${instant}, ended_day ${text(10)}, ended_why ${text(20)}, ended_snapshot_id ${big},
       constraint charge_once unique (stream, case_no, charge_no, version))`,
    `create unique index charge_current on charge (stream, case_no, charge_no) where ended_at is null`,
    `create index charge_payment_code on charge (payment_code)`,
    `create index charge_case on charge (case_no)`,
    `create index charge_day on charge (statement_day)`,
    `create table tax_expectation (
       id ${big} not null primary key, charge_id ${big} not null, stream ${text(80)} not null, case_no ${text(60)} not null, item_code ${text(60)},
       tax_kind ${text(40)} not null, party ${text(12)} not null, basis ${text(200)} not null, day ${text(10)} not null, statement_day ${text(10)} not null,
       recorded_at ${instant} not null, ended_at ${instant}, ended_day ${text(10)}, ended_why ${text(20)},
       constraint tax_expectation_once unique (charge_id, tax_kind, party))`,
    `create index tax_expectation_case on tax_expectation (case_no)`,
    `create index tax_expectation_charge on tax_expectation (charge_id)`,
    `create index tax_expectation_day on tax_expectation (statement_day)`,
    // What the center returned. A corrected issue supersedes by new rows; the old ones stay and say by what.
    `create table fee_record (
       id ${big} not null primary key, channel ${text(20)} not null, serial ${text(60)} not null, status ${text(10)} not null, version ${int} not null,
       payment_code ${text(60)}, case_no ${text(60)}, unit_code ${text(60)} not null, amount_fen ${big} not null, line_count ${int} not null, fee_item_code ${text(60)},
       day ${text(10)} not null, statement_day ${text(10)} not null, paid_at ${text(40)} not null, payer ${text(200)}, payer_key ${text(32)}, method ${text(60)}, original_serial ${text(60)},
       digest ${text(64)} not null, inbox_id ${big} not null, file_id ${text(200)} not null, issue ${int} not null, recorded_at ${instant} not null,
       superseded_at ${instant}, superseded_day ${text(10)}, superseded_by ${big}, superseded_inbox ${big},
       constraint fee_record_once unique (channel, serial, status, version))`,
    `create index fee_record_payment_code on fee_record (payment_code)`,
    `create index fee_record_case on fee_record (case_no)`,
    `create index fee_record_original on fee_record (original_serial) where original_serial is not null`,
    `create index fee_record_file on fee_record (file_id)`,
    `create index fee_record_day on fee_record (statement_day)`,
    `create index fee_record_repeated on fee_record (serial) where version > 1`,
    `create table fee_line (
       record_id ${big} not null, line_no ${int} not null, fee_item_code ${text(60)} not null, fee_item_name ${text(200)}, amount_fen ${big} not null,
       primary key (record_id, line_no))`,
    `create table tax_record (
       id ${big} not null primary key, channel ${text(20)} not null, ticket_no ${text(60)} not null, status ${text(10)} not null, version ${int} not null,
       authority_code ${text(60)} not null, taxpayer_no ${text(60)} not null, taxpayer_name ${text(200)}, case_no ${text(60)}, contract_no ${text(60)},
       tax_kind ${text(40)} not null, party ${text(12)} not null, taxable_fen ${big} not null, due_fen ${big} not null, paid_fen ${big} not null,
       day ${text(10)} not null, statement_day ${text(10)} not null, paid_at ${text(40)} not null, original_ticket_no ${text(60)},
       digest ${text(64)} not null, inbox_id ${big} not null, file_id ${text(200)} not null, issue ${int} not null, recorded_at ${instant} not null,
       superseded_at ${instant}, superseded_day ${text(10)}, superseded_by ${big}, superseded_inbox ${big},
       constraint tax_record_once unique (channel, ticket_no, status, version))`,
    `create index tax_record_case on tax_record (case_no)`,
    `create index tax_record_original on tax_record (original_ticket_no) where original_ticket_no is not null`,
    `create index tax_record_file on tax_record (file_id)`,
    `create index tax_record_day on tax_record (statement_day)`,
    `create table control_total (
       channel ${text(20)} not null, day ${text(10)} not null, issue ${int} not null,
       fee_count ${big} not null, fee_fen ${big} not null, fee_reversed_count ${big} not null, fee_reversed_fen ${big} not null, fee_refund_count ${big} not null, fee_refund_fen ${big} not null,
       tax_count ${big} not null, tax_fen ${big} not null, tax_refund_count ${big} not null, tax_refund_fen ${big} not null,
       files ${long} not null, inbox_id ${big} not null, recorded_at ${instant} not null,
       primary key (channel, day, issue))`,
    // Items to look at again although they are not new: a charge that ended, a record superseded, a settlement taken back.
    `create table reconciliation_seed (id ${big} not null primary key, item_id ${big} not null, why ${text(40)} not null, at ${instant} not null)`,
    `create table reconciliation_run (
       id ${big} not null primary key, started_at ${instant} not null, finished_at ${instant}, from_position ${big} not null, to_position ${big} not null, figures ${text(1000)})`,
    // One line pairs one expected with one returned item; further members of the same match stand alone in a line of the same number.
    `create table match_line (
       id ${d.identity}, match_no ${big} not null, expected_id ${big}, returned_id ${big}, rule_name ${text(40)} not null, outcome ${text(10)} not null,
       statement_day ${text(10)} not null, run_id ${big} not null, matched_at ${instant} not null, payer_amount ${text(60)}, part ${flag} not null default 0, pinned ${flag} not null default 0, resolution_id ${big},
       live ${flag} not null default 1, undone_at ${instant}, undone_day ${text(10)}, undone_by ${text(80)}, undone_why ${text(60)})`,
    // Exclusive: an item is in one live match at the most.
    `create unique index match_line_expected on match_line (expected_id) where expected_id is not null and live = 1`,
    `create unique index match_line_returned on match_line (returned_id) where returned_id is not null and live = 1`,
    `create index match_line_part on match_line (match_no) where part = 1`,
    `create index match_line_undone_expected on match_line (expected_id) where live = 0 and expected_id is not null`,
    `create index match_line_payer on match_line (payer_amount) where live = 1 and payer_amount is not null`,
    `create index match_line_day on match_line (statement_day)`,
    `create table difference (
       id ${d.identity}, item_id ${big} not null, item_kind ${text(20)} not null, aspect ${text(12)} not null, channel ${text(20)}, case_no ${text(60)},
       reason ${text(40)} not null, expected_fen ${big}, returned_fen ${big}, rule_name ${text(40)}, criterion ${text(40)}, other_id ${big}, detail ${text(400)},
       first_day ${text(10)} not null, statement_day ${text(10)} not null, refers_to_day ${text(10)}, payer_amount ${text(60)},
       opened_at ${instant} not null, run_id ${big} not null, previous_id ${big}, assigned_to ${text(80)},
       is_open ${flag} not null default 1, closed_at ${instant}, closed_day ${text(10)}, closed_by ${text(80)}, closed_how ${text(20)})`,
    `create unique index difference_open on difference (item_id, aspect) where is_open = 1`,
    `create index difference_other on difference (other_id) where is_open = 1 and other_id is not null`,
    `create index difference_payer on difference (payer_amount) where is_open = 1 and payer_amount is not null`,
    `create index difference_item on difference (item_id)`,
    `create index difference_case on difference (case_no) where is_open = 1 and case_no is not null`,
    `create index difference_reason on difference (reason, first_day) where is_open = 1`,
    // What a person decided, and a second one above the configured amount.
    `create table resolution (
       id ${big} not null primary key, act ${text(12)} not null, state ${text(12)} not null, items ${text(1000)} not null, amount_fen ${big} not null,
       reason ${text(40)}, note ${text(1000)} not null, actor ${text(80)} not null, at ${instant} not null, second_actor ${text(80)}, second_at ${instant},
       undone_by ${text(80)}, undone_at ${instant}, undone_note ${text(1000)}, target ${text(80)})`,
    `create table statement_day (
       day ${text(10)} not null primary key, closed_at ${instant} not null, closed_by ${text(80)} not null, figures ${long} not null, sha256 ${text(64)} not null)`,
  ];
}
