/** The closed list of what machines' tokens may be used for. A scope is never renamed. */
export const scopes = [
  'stock:read',
  'stock:write',
  'reservations:read',
  'reservations:write',
  'dispensations:read',
  'dispensations:write',
  'audit:read',
  'ledger:read',
  'rules:read',
  'rules:write',
  'directory:read',
  'directory:write',
  'clients:write',
] as const

export type Scope = (typeof scopes)[number]
