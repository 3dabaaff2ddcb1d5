/** Where reading stands in each table: everything up to (rowversion or time, case number) has been seen. */
export type Position = Readonly<Record<string, readonly [mark: string, caseNo: string]>>;

/** What one table holds of a case. */
export interface TableMark {
  readonly rows: number;
  /** The newest mark of these rows; undefined where the table has no watermark. */
  readonly mark: string | undefined;
}

/** By the name that positions use: the root's table, the children's names. */
export type CaseMarks = Readonly<Record<string, TableMark>>;
