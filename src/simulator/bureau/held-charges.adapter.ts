import pg from 'pg';

/** A charge as the payment system of the center learns it from the bureau. */
interface ChargeFacts {
  readonly chargeNo: string;
  readonly feeItemCode: string;
  readonly feeItemName: string;
  readonly amountFen: bigint;
  readonly payer: string | undefined;
  readonly paymentCode: string | undefined;
  readonly taxKinds: readonly string[];
}

/** Tells the simulated center what is to be paid for a case: in life the payment system has it under the payment code. */
export class HeldChargesAdapter {
  private readonly pool: pg.Pool;

  constructor(bureauUrl: string) {
    this.pool = new pg.Pool({ connectionString: bureauUrl, max: 2 });
    // An idle connection that breaks is opened again by the next question.
    this.pool.on('error', () => undefined);
  }

  /** Undefined while the case has no charges. */
  async chargesOf(caseNo: string): Promise<{ caseNo: string; charges: readonly ChargeFacts[] } | undefined> {
    const { rows } = await this.pool.query<Record<string, string | null>>(
      `select charge_no::text, fee_item_code, fee_item_name, round(amount * 100)::bigint::text as fen, payer, payment_code, tax_kinds from land_charge where case_no = $1 order by charge_no`, [caseNo],
    );
    if (rows.length === 0) return undefined;
    return {
      caseNo,
      charges: rows.map((r) => ({
        chargeNo: r['charge_no']!, feeItemCode: r['fee_item_code']!, feeItemName: r['fee_item_name']!, amountFen: BigInt(r['fen']!), payer: r['payer'] ?? undefined, paymentCode: r['payment_code'] ?? undefined,
        taxKinds: (r['tax_kinds'] ?? '').split(',').filter((kind) => kind !== ''),
      })),
    };
  }

  close(): Promise<void> {
    return this.pool.end();
  }
}
