import type { AllocationRule } from '../../src/domain/allocation-rules.ts'
import { instantOf } from '../../src/domain/instant.ts'

/** The national rule for doctors of 11 May 2020, with the given parts changed. */
export function exampleRule(changes: Partial<AllocationRule> = {}): AllocationRule {
  return {
    id: '01720000-0000-7000-8000-000000000001',
    beneficiaries: [{ profession: '10' }],
    products: ['surgical', 'ffp2'],
    cap: 24,
    subCaps: [],
    window: { kind: 'calendar_weeks', count: 1 },
    territory: 'FR',
    validFrom: instantOf('2020-05-11T00:00:00+02:00'),
    validTo: null,
    withdrawnAt: null,
    source: { title: 'Example', reference: 'EX-1', url: null },
    confidence: 'high',
    publishedAt: instantOf('2020-05-07T12:00:00+02:00'),
    ...changes,
  }
}
