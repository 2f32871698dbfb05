/** The conformance suite of the Ledger: runs over every database. */
import type { LedgerBackend } from '../../test/support/ledger';
import { describeCalls } from './conformance/calls';
import { describeRandom } from './conformance/random';
import { describeVerify } from './conformance/verifying';

export function describeLedger(name: string, make: () => Promise<LedgerBackend>, { randomRuns }: { randomRuns: number }): void {
  describe(`ledger over ${name}`, () => {
    let backend: LedgerBackend;
    beforeAll(async () => {
      backend = await make();
    });
    afterAll(() => backend.remove());
    describe('calls', () => describeCalls(() => backend));
    describe('verify', () => describeVerify(() => backend));
    describe('random operations', () => describeRandom(() => backend, randomRuns));
  });
}
