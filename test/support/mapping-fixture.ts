import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { MessageFacts } from '../../src/domain/receiver-messages.js';
import type { ConfigFault } from '../../src/domain/settings.js';
import type { CaseSnapshot, Row } from '../../src/domain/snapshot.js';
import { streamSchema, type StreamDefinition } from '../../src/domain/stream.js';
import type { CompiledMapping } from '../../src/mapping/compiled-mapping.js';
import { loadMappings } from '../../src/mapping/load-mappings.adapter.js';

/** A small stream with everything a mapping can read. */
export const stream: StreamDefinition = streamSchema.parse({
  stream: 'case',
  title: 'case',
  table: 'land_case',
  key: 'case_no',
  watermark: { mode: 'rowversion', column: 'row_version' },
  columns: { case_no: 'text', item: 'text', accepted_at: 'datetime', closed_at: 'datetime', total: 'decimal', result: 'text', reason: 'text', unsent: 'text' },
  children: {
    applicants: { table: 'land_applicant', parent: 'case_no', key: 'no', columns: { no: 'integer', role: 'text', name: 'text', cert_kind: 'text', cert_no: 'text' } },
    steps: { table: 'land_step', parent: 'case_no', key: 'step_no', columns: { step_no: 'integer', opinion: 'text', started_at: 'datetime' } },
    materials: {
      table: 'land_material',
      parent: 'case_no',
      key: 'material_no',
      columns: { material_no: 'integer', name: 'text', file_name: 'text', file_md5: 'text' },
      attachment: { content: 'file_content', fileName: 'file_name', signature: 'file_md5' },
    },
  },
  events: {
    acceptance: { title: 'acceptance', at: 'case.accepted_at', phase: 30, when: { path: 'case.accepted_at', present: true } },
    'process-step': { title: 'step', each: 'steps', at: 'item.started_at', phase: 40 },
  },
  removalEvent: 'acceptance',
});

export const acceptanceYaml = `message: acceptance
title: acceptance
stream: case
event: acceptance
xsd: acceptance.xsd
root: CASE
fields:
  - { to: BODY/TOTAL, from: case.total, transform: [yuan] }
  - { to: HEAD/MSGID, from: message.id }
  - { to: HEAD/VERSION, from: message.version }
  - { to: BODY/NO, from: case.case_no }
  - { to: BODY/ITEM, from: case.item, codes: item }
  - { to: BODY/AT, from: case.accepted_at, transform: [{ datetime: YYYYMMDDThhmmss }] }
  - { to: BODY/STATE, value: "1", when: { path: case.closed_at, present: false } }
  - { to: BODY/STATE, from: case.result }
  - { to: BODY/REASON, from: case.reason }
  - { to: BODY/CHARGE/AMOUNT, from: case.total, transform: [fen], when: { path: case.result, equals: F } }
  - { to: BODY/CHARGE/UNIT, value: FEN }
  - to: BODY/LIST/PERSON
    repeat: applicants
    where: { path: each.role, equals: A }
    fields:
      - { to: CERT, from: each.cert_no, transform: [upper], check: "certificate-number:each.cert_kind" }
      - { to: NAME, from: each.name, check: name-quality }
rules:
  - { when: { path: case.result, equals: R }, require: BODY/REASON, text: a refusal needs a reason }
  - { when: { path: case.result, equals: P }, require: BODY/LIST/PERSON/NAME, text: a person must be there }
attachments: materials
`;

export const acceptanceXsd = `<?xml version="1.0" encoding="UTF-8"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:simpleType name="text8"><xs:restriction base="xs:string"><xs:minLength value="1"/><xs:maxLength value="8"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="id"><xs:restriction base="xs:string"><xs:pattern value="[0-9a-f]{32}"/></xs:restriction></xs:simpleType>
  <xs:complexType name="head">
    <xs:sequence>
      <xs:element name="MSGID" type="id"/>
      <xs:element name="VERSION" type="xs:positiveInteger"/>
    </xs:sequence>
  </xs:complexType>
  <xs:element name="CASE">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="HEAD" type="head"/>
        <xs:element name="BODY">
          <xs:complexType>
            <xs:sequence>
              <xs:element name="NO" type="xs:string"/>
              <xs:element name="ITEM"><xs:simpleType><xs:restriction base="xs:string"><xs:enumeration value="100"/><xs:enumeration value="200"/></xs:restriction></xs:simpleType></xs:element>
              <xs:element name="AT" type="xs:string"/>
              <xs:element name="STATE" type="text8" minOccurs="0"/>
              <xs:element name="REASON" type="text8" minOccurs="0"/>
              <xs:element name="TOTAL" minOccurs="0">
                <xs:simpleType><xs:restriction base="xs:decimal"><xs:minInclusive value="0"/></xs:restriction></xs:simpleType>
              </xs:element>
              <xs:element name="CHARGE" minOccurs="0">
                <xs:complexType><xs:sequence><xs:element name="AMOUNT" type="xs:integer"/><xs:element name="UNIT" type="xs:string"/></xs:sequence></xs:complexType>
              </xs:element>
              <xs:element name="LIST" minOccurs="0">
                <xs:complexType>
                  <xs:sequence>
                    <xs:element name="PERSON" maxOccurs="3">
                      <xs:complexType>
                        <xs:sequence>
                          <xs:element name="NAME" type="text8"/>
                          <xs:element name="CERT" type="xs:string" minOccurs="0"/>
                        </xs:sequence>
                      </xs:complexType>
                    </xs:element>
                  </xs:sequence>
                </xs:complexType>
              </xs:element>
            </xs:sequence>
          </xs:complexType>
        </xs:element>
      </xs:sequence>
    </xs:complexType>
  </xs:element>
</xs:schema>
`;

export const itemCsv = 'source,target,label,valid_from,valid_to\nA,100,one,,2026-06-30\nA,200,one after the reform,2026-07-01,\nB,200,"two, with a comma",,\n';

export const stepYaml = `message: process-step
title: step
stream: case
event: process-step
xsd: step.xsd
root: STEP
fields:
  - { to: NO, from: item.step_no }
  - { to: OPINION, from: item.opinion, whenBlank: "none given" }
  - { to: FIRST, from: "applicants[role=A].name" }
`;
export const stepXsd = `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:element name="STEP"><xs:complexType><xs:sequence>
    <xs:element name="NO" type="xs:integer"/><xs:element name="OPINION" type="xs:string"/><xs:element name="FIRST" type="xs:string" minOccurs="0"/>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>
`;

export type Files = Record<string, string>;
export const goodFiles: Files = {
  'center/acceptance/mapping.yaml': acceptanceYaml,
  'center/acceptance/acceptance.xsd': acceptanceXsd,
  'center/codes/item.csv': itemCsv,
  'center/process-step/mapping.yaml': stepYaml,
  'center/process-step/step.xsd': stepXsd,
};
export const messages: Record<string, string> = { acceptance: 'center/acceptance', 'process-step': 'center/process-step' };

/** Loads mappings from a directory of their own, which is removed again; files of faults are relative to it. */
export function loadFiles(files: Files, channel = { channel: 'center', stream: 'case', messages }): { mappings: CompiledMapping[]; faults: ConfigFault[] } {
  const dir = mkdtempSync(path.join(tmpdir(), 'mappings-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.join(dir, path.dirname(name)), { recursive: true });
      writeFileSync(path.join(dir, name), text);
    }
    const { mappings, faults } = loadMappings({ dir, streams: [stream], channels: [channel] });
    return { mappings, faults: faults.map((f) => ({ ...f, file: path.relative(dir, f.file) })) };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** A mapping of the good files, some of them replaced; faults are an error of the test. */
export function goodMapping(message: string, files: Files = {}): CompiledMapping {
  const { mappings, faults } = loadFiles({ ...goodFiles, ...files });
  const mapping = mappings.find((m) => m.message === message);
  if (!mapping || faults.length > 0) throw new Error(JSON.stringify(faults));
  return mapping;
}

/** Number of the example printed in GB 11643; it belongs to nobody. */
export const sampleIdentity = '11010519491231002X';

export function snapshotOf(changes: { case?: Record<string, string | null>; applicants?: Row[]; steps?: Row[]; materials?: Row[] } = {}): CaseSnapshot {
  return {
    stream: 'case',
    caseNo: 'C1',
    case: { case_no: 'C1', item: 'A', accepted_at: '2026-11-23 10:00:00.123', closed_at: null, total: '80.5', result: null, reason: null, unsent: 'x', ...changes.case },
    children: {
      applicants: changes.applicants ?? [
        { no: '1', role: 'A', name: '甲', cert_kind: 'SFZ', cert_no: sampleIdentity.toLowerCase() },
        { no: '2', role: 'Z', name: '代理人', cert_kind: 'HZ', cert_no: 'E1' },
        { no: '3', role: 'A', name: '乙', cert_kind: 'HZ', cert_no: null },
      ],
      steps: changes.steps ?? [{ step_no: '7', opinion: ' ', started_at: '2026-11-24 09:00:00.000' }],
      materials: changes.materials ?? [{ material_no: '1', name: 'm', file_name: 'a.pdf', file_md5: 'd41d8cd98f00b204e9800998ecf8427e' }],
    },
  };
}

export const facts: MessageFacts = {
  id: '0123456789abcdef0123456789abcdef',
  channel: 'center',
  event: 'acceptance',
  version: 1,
  operation: 'I',
  at: '2026-11-23 10:00:00.123',
  sequence: '0',
};
