import type { EventKind } from '../domain/event-types.ts'
import type { EventReader } from '../store/events.ts'
import { actingFor, type Caller, professionalOf } from './caller.ts'
import { Problem } from './problem.ts'
import type { Scope } from './scopes.ts'

/** The kinds of events on what each role can reach by other routes too. */
const kindsOf = {
  pharmacy: ['reservation', 'stock', 'dispensation', 'rule', 'service'],
  professional: ['reservation', 'dispensation', 'rule', 'alert'],
  regulator: ['stock', 'dispensation', 'rule', 'service'],
} as const satisfies Record<string, readonly EventKind[]>

/** The scope that a machine needs to read what these events are about; any will do for what anybody may read. */
const scopeFor: Partial<Record<EventKind, Scope>> = {
  reservation: 'reservations:read',
  stock: 'stock:read',
  dispensation: 'dispensations:read',
  rule: 'rules:read',
}

/** The kinds of events that a role may read and, of a machine, as far as its scopes go. */
export function eventKindsFor(role: keyof typeof kindsOf, scopes: readonly string[] | undefined): EventKind[] {
  return kindsOf[role].filter((kind: EventKind) => {
    const scope = scopeFor[kind]
    return !scopes || scope === undefined || scopes.includes(scope)
  })
}

/** Which events a caller may read: those on what it may read. */
export function eventReaderOf(caller: Caller): EventReader {
  const { role, client } = caller
  if (role === 'admin') throw new Problem('forbidden', notForAdmins)
  const kinds = eventKindsFor(role, client?.scopes)
  switch (role) {
    case 'pharmacy':
      return { role, kinds, pharmacies: actingFor(caller) }
    case 'professional':
      return { role, kinds, identifier: professionalOf(caller) }
    case 'regulator':
      return { role, kinds, remit: caller }
  }
}

const notForAdmins = {
  en: 'There are no events for an admin.',
  fr: 'Il n’y a pas d’événements pour un administrateur.',
}
