import type { BundleSelection } from '../domain/bundle/format.ts'
import type { Stated } from '../domain/bundle/statements.ts'
import type { Verdict } from '../domain/bundle/verifier.ts'
import { iso } from '../domain/instant.ts'

/** What a bundle that verifies proves, in lines for the person who asked. */
export function verdictLines(verdict: Verdict, areKeysTrusted: boolean): string[] {
  const { header, newest, earlier, records, erased, unproved, hidden, promised, stated } = verdict
  const size = `${newest.size} entries`
  return [
    'The bundle verifies.',
    `log         ${header.origin}, exported ${header.exportedAt}`,
    `holds       ${contents(header.selection, header.entries)}`,
    ...(records > 0 ? [`            ${records} of them about nobody: rules and other records`] : []),
    ...(hidden > 0 ? [`            ${hidden} by their hashes alone, outside the remit`] : []),
    ...(erased > 0 ? [`            ${erased} erased, commitment intact`] : []),
    ...(unproved > 0 ? [`            of these ${unproved} by an erasure entry that is not in this selection`] : []),
    `checkpoint  ${size}, root ${newest.root.toString('base64')}`,
    ...(earlier > 0 ? [`            continues the log of ${earlier} earlier ${earlier === 1 ? 'one' : 'ones'}`] : []),
    ...promised.map(({ name, outcome, finding }) => `receipt     ${name}: ${outcome}, ${finding}`),
    ...stated.flatMap(statementLines),
    ...(areKeysTrusted
      ? []
      : ['keys        the bundle’s own, NOT AUTHENTICATED: compare them with those that you know']),
    ...(areKeysTrusted ? [] : header.keys.map((key) => `            ${key}`)),
  ]
}

/** What a statement says, and what was found about it. */
export function statementLines({ name, statement, finding }: Stated): string[] {
  const { pharmacy, from, to, timeZone, madeAt, items, checkpoint } = statement
  return [
    `statement   ${name}: ${finding}`,
    `            pharmacy ${pharmacy}, ${from} to ${to} in ${timeZone}, made ${iso(madeAt)}`,
    `            ${checkpoint ? `all ${checkpoint.size} entries of the log were known` : 'before the first checkpoint'}`,
    ...items.map(
      ({ product, opening, dispensed, closing }) =>
        `            ${product}: opening ${opening}, dispensed ${dispensed}, closing ${closing}`,
    ),
  ]
}

function contents(selection: BundleSelection | null, entries: number): string {
  if (selection === null) return `the whole log: ${entries} entries`
  const { from, to, pharmacy, professional, remit } = selection
  const limits = [
    from !== null && `from ${from}`,
    to !== null && `before ${to}`,
    pharmacy !== null && `pharmacy ${pharmacy}`,
    professional !== null && `professional ${professional}`,
    remit !== null && `the remit ${[...remit.territories, ...remit.professions].join(' ')}`,
  ].filter(Boolean)
  return `a selection: ${entries} entries (${limits.join(', ')})`
}
