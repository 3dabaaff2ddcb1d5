/**
 * Tables and columns of the sample bureau, in the order of its DDL (config/bureau/sample.*.sql) and with the names of
 * config/streams/case.yaml. Writers take identifiers only from here.
 */

/** Names of the child tables of a case, as the stream definition calls them. */
export const childNames = ['applicants', 'parcels', 'steps', 'supplements', 'specials', 'certificates', 'pickups', 'materials', 'charges'] as const;
export type ChildName = (typeof childNames)[number];
/** A table that holds rows of a case: the case itself or one of its children. */
export type TableName = 'case' | ChildName;

interface TableShape {
  readonly table: string;
  /** Column that tells the rows of one case apart; null for the case itself. */
  readonly key: string | null;
  readonly columns: readonly string[];
}

/** Every table of the sample bureau that belongs to a case; a child's `case_no` and `file_content` are not listed. */
export const bureauTables: Readonly<Record<TableName, TableShape>> = {
  case: {
    table: 'land_case',
    key: null,
    columns: [
      'case_no', 'item_code', 'item_name', 'section', 'case_kind', 'project_name', 'apply_source', 'applied_at',
      'applied_place', 'division_code', 'status', 'accept_org', 'accept_org_uscc', 'accepted_at', 'accepted_by',
      'accept_doc_no', 'refused_at', 'refused_by', 'refuse_reason', 'statutory_limit', 'statutory_unit',
      'committed_limit', 'committed_unit', 'query_password', 'investment_project_no', 'closed_at', 'closed_by',
      'result_code', 'result_text', 'is_charged', 'charge_total', 'handled_offline', 'withdrawn_at', 'remark',
    ],
  },
  applicants: {
    table: 'land_applicant',
    key: 'applicant_no',
    columns: [
      'applicant_no', 'role', 'kind', 'name', 'cert_kind', 'cert_no', 'legal_person', 'phone', 'postcode', 'address',
      'email', 'share',
    ],
  },
  parcels: {
    table: 'land_parcel',
    key: 'parcel_no',
    columns: [
      'parcel_no', 'unit_code', 'location', 'land_use', 'area_m2', 'right_kind', 'right_end', 'mortgage_amount',
    ],
  },
  steps: {
    table: 'land_step',
    key: 'step_no',
    columns: [
      'step_no', 'stage', 'step_name', 'action', 'handler', 'handler_post', 'org', 'org_uscc', 'opinion',
      'started_at', 'ended_at', 'step_status',
    ],
  },
  supplements: {
    table: 'land_supplement',
    key: 'supplement_no',
    columns: [
      'supplement_no', 'notice_no', 'notified_at', 'notified_by', 'reason', 'material_list', 'received_at',
      'received_by', 'received_list', 'received_place',
    ],
  },
  specials: {
    table: 'land_special',
    key: 'special_no',
    columns: [
      'special_no', 'kind', 'kind_name', 'reason', 'content', 'approved_by', 'approved_length', 'approved_unit',
      'notice_no', 'started_at', 'ended_at', 'result', 'handled_by', 'org', 'org_uscc',
    ],
  },
  certificates: {
    table: 'land_certificate',
    key: 'certificate_no',
    columns: [
      'certificate_no', 'cert_name', 'cert_code', 'issued_on', 'valid_until', 'issuer', 'issuer_uscc',
    ],
  },
  pickups: {
    table: 'land_pickup',
    key: 'pickup_no',
    columns: [
      'pickup_no', 'picked_by', 'cert_kind', 'cert_no', 'method', 'picked_at', 'express_no',
    ],
  },
  materials: {
    table: 'land_material',
    key: 'material_no',
    columns: [
      'material_no', 'name', 'is_received', 'medium', 'form', 'copies', 'received_at', 'file_name', 'file_md5',
      'file_size',
    ],
  },
  charges: {
    table: 'land_charge',
    key: 'charge_no',
    columns: [
      'charge_no', 'fee_item_code', 'fee_item_name', 'basis', 'standard', 'amount', 'exempt', 'exempt_reason',
      'payer', 'payment_code', 'tax_kinds',
    ],
  },
};
