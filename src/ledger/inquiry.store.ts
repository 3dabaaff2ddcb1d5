import type { CaseNo } from '../domain/vocabulary.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Column, ColumnKind, Runner } from '../platform/database/dialect.js';
import { list, raw, sql } from '../platform/database/sql.js';
import type { FollowedCase } from './inquiry-row.js';

/** Thrown when another process followed the snapshots first; nothing was written. */
export class InquiryMoved extends Error {}

const column = (name: string, kind: ColumnKind = 'text'): Column => ({ name, kind });
const facts: readonly Column[] = [
  column('snapshot_id', 'big'), column('item_code'), column('item_name'), column('applicants'), column('applied_on'), column('granted_on'), column('certificate_on'), column('state'),
];
const factValues = (c: FollowedCase): unknown[] => [c.snapshotId, c.itemCode ?? null, c.itemName ?? null, c.applicants, c.appliedOn ?? null, c.grantedOn ?? null, c.certificateOn ?? null, c.state];

/** Alone writes what the inquiry finds cases by. It follows the recorded snapshots and can be made anew from them. */
export class InquiryStore {
  constructor(private readonly database: DatabaseAdapter) {}

  /** How far the snapshots were followed under this stamp. A new stamp (another key, more digits) begins anew; the old proofs are worth nothing then. */
  async position(stamp: string): Promise<{ readonly position: string; readonly version: string }> {
    const read = async (runner: Runner): Promise<{ position: string; version: string; stamp: string }> => {
      const { rows } = await runner.run(sql`select position, position_version, stamp from inquiry_position where name = ${'cases'}`);
      return { position: String(rows[0]!['position']), version: String(rows[0]!['position_version']), stamp: String(rows[0]!['stamp']) };
    };
    const at = await read(this.database);
    if (at.stamp === stamp) return at;
    return this.database.transaction(async (runner) => {
      const { affected } = await runner.run(sql`update inquiry_position set position = 0, position_version = position_version + 1, stamp = ${stamp} where name = ${'cases'} and position_version = ${at.version}`);
      if (affected !== 1) throw new InquiryMoved('another process began anew first');
      await runner.run(sql`delete from inquiry_proof`);
      return read(runner);
    });
  }

  /** Snapshots of a stream after a position, in their order, with the position reached. A body that retention emptied is empty. */
  async snapshotsAfter(position: string, limit: number): Promise<{ readonly id: string; readonly stream: string; readonly caseNo: CaseNo; readonly body: string }[]> {
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} id, stream, case_no, body from case_snapshot where id > ${position} order by id ${raw(top.suffix)}`);
    return rows.map((r) => ({ id: String(r['id']), stream: String(r['stream']), caseNo: String(r['case_no']), body: String(r['body']) }));
  }

  /** Records cases of one stream, each once, and moves the position in one transaction. */
  async record(cases: readonly FollowedCase[], move: { readonly version: string; readonly position: string }): Promise<void> {
    await this.database.transaction(async (runner) => {
      const { affected } = await runner.run(sql`update inquiry_position set position = ${move.position}, position_version = position_version + 1 where name = ${'cases'} and position_version = ${move.version}`);
      if (affected !== 1) throw new InquiryMoved('another process followed the snapshots first');
      const [first] = cases;
      if (!first) return;
      const { dialect } = this.database;
      const numbers = list(cases.map((c) => c.caseNo));
      const known = await runner.run(sql`select case_no from inquiry_case where stream = ${first.stream} and case_no in (${numbers})`);
      const there = new Set(known.rows.map((r) => String(r['case_no'])));
      // What a person was called, and could prove, before a correction proves nothing any more.
      await runner.run(sql`delete from inquiry_proof where stream = ${first.stream} and case_no in (${numbers})`);
      await runner.run(sql`delete from inquiry_name where stream = ${first.stream} and case_no in (${numbers})`);
      await dialect.insertMany(runner, 'inquiry_case', [column('stream'), column('case_no'), ...facts], cases.filter((c) => !there.has(c.caseNo)).map((c) => [c.stream, c.caseNo, ...factValues(c)]));
      await dialect.updateMany(runner, { table: 'inquiry_case', key: column('case_no'), match: [], set: facts, where: sql`t.stream = ${first.stream}`, rows: cases.filter((c) => there.has(c.caseNo)).map((c) => [c.caseNo, ...factValues(c)]) });
      await dialect.insertMany(runner, 'inquiry_proof', [column('digest'), column('stream'), column('case_no'), column('kind')], cases.flatMap((c) => c.proofs.map((p) => [p.digest, c.stream, c.caseNo, p.kind])));
      await dialect.insertMany(runner, 'inquiry_name', [column('stream'), column('case_no'), column('ordinal', 'int'), column('search_name')], cases.flatMap((c) => c.names.map((name, i) => [c.stream, c.caseNo, i, name])));
    });
  }
}
