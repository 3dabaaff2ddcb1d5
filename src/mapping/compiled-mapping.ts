import type { XsdValidator } from 'libxml2-wasm';
import type { Condition } from '../domain/conditions.js';
import type { IdentifierFault } from '../domain/check-identifiers.js';
import type { SourcePath } from '../domain/source-path.js';
import type { CodeList } from '../domain/read-code-list.js';
import type { TextType } from '../platform/read-element-model.js';
import type { CompiledTransform } from './transforms.js';

/** A mapping with its XSD and code lists, checked as a whole and ready to run on any case of its stream. */
export interface CompiledMapping {
  readonly channel: string;
  readonly stream: string;
  readonly event: string;
  readonly message: string;
  readonly title: string;
  /** SHA-256 over the mapping file, the XSD and the code lists as they stand. */
  readonly digest: string;
  /** Every bureau column it reads: `case.<column>`, `item.<column>`, `<child>.<column>`; sorted, each once. */
  readonly reads: readonly string[];
  readonly root: GroupNode;
  /** Paths of the event's time, the first that has a value counts; what `message.at` is taken from when a digest is read. */
  readonly eventAt: readonly SourcePath[];
  readonly notes: readonly CompiledNote[];
  readonly attachments?: AttachmentSource | undefined;
  readonly tables: SourceTables;
  /** Compiled once per XSD; lives as long as the process. */
  readonly validator: XsdValidator;
}

/** The child whose scanned files travel with the message. */
export interface AttachmentSource {
  readonly child: string;
  readonly key: string;
  readonly fileName: string;
  readonly signature: string;
}

/** Names of tables and keys, so that findings speak of the bureau's own rows. */
export interface SourceTables {
  readonly case: string;
  /** Child of an event with `each`. */
  readonly item?: string | undefined;
  readonly children: Readonly<Record<string, { readonly table: string; readonly key: string }>>;
}

interface NodeNames {
  readonly name: string;
  /** From below the root, joined by `/`. */
  readonly path: string;
  readonly open: string;
  readonly close: string;
  readonly mandatory: boolean;
}

export interface LeafNode extends NodeNames {
  readonly kind: 'leaf';
  readonly type: TextType;
  /** Alternatives in the order of the mapping; the first whose condition holds is written. */
  readonly fields: readonly CompiledField[];
  readonly rules: readonly CompiledRule[];
}

export interface GroupNode extends NodeNames {
  readonly kind: 'group';
  /** In the order of the XSD. */
  readonly children: readonly MappingNode[];
  /** Whether anything inside comes from the source; such a group is left out when all of that is blank. */
  readonly hasSources: boolean;
}

export interface RepeatNode extends NodeNames {
  readonly kind: 'repeat';
  readonly child: string;
  readonly when?: Condition | undefined;
  readonly where?: Condition | undefined;
  readonly children: readonly MappingNode[];
  /** Rules about this element or one inside it that can be judged without a row. */
  readonly rules: readonly CompiledRule[];
}

export type MappingNode = LeafNode | GroupNode | RepeatNode;

export interface CompiledField {
  readonly from?: SourcePath | undefined;
  /** A fixed text, instead of `from`. */
  readonly value?: string | undefined;
  readonly when?: Condition | undefined;
  readonly transforms: readonly CompiledTransform[];
  readonly codes?: CodeList | undefined;
  readonly whenBlank?: string | undefined;
  readonly check?: CompiledCheck | undefined;
}

export interface CompiledCheck {
  readonly name: string;
  /** Further path that the check reads, e.g. the kind of a certificate. */
  readonly reads?: SourcePath | undefined;
  readonly judge: (value: string, read: string | null) => IdentifierFault | { readonly rule: 'data-quality'; readonly expected: string } | undefined;
}

export interface CompiledRule {
  readonly when: Condition;
  readonly text: string;
}

/** Something odd that is told and holds nothing back. */
export interface CompiledNote extends CompiledRule {
  readonly about: LeafNode;
}
