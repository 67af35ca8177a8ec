/** How many times as much an attack sends as in the gate: ATTACKS=10 for ten times. */
const TIMES = Number(process.env.ATTACKS || 1)

/** How many times an attack does something that the gate does so many times. */
export function attacking(inGate: number): number {
  return inGate * TIMES
}
