import { professionalId } from '../../domain/identifiers.ts'
import type { Commune } from './places.ts'

/** An invented professional with a practice in a real commune. */
export interface DemoProfessional {
  id: string
  profession: string
  familyName: string
  givenName: string
  practice: { latitude: number; longitude: number; territory: string }
}

/** The directory's codes of médecin, chirurgien-dentiste, sage-femme, infirmier and masseur-kinésithérapeute. */
export const demoProfessions = ['10', '40', '50', '60', '70']

const PROFESSIONALS = 50
const PROFESSIONS = ['60', '10', '60', '70', '10', '40', '60', '50']
const FAMILY_NAMES = [
  'Martin',
  'Garcia',
  'Durand',
  'Lacombe',
  'Roux',
  'Vidal',
  'Bousquet',
  'Delmas',
  'Fournier',
  'Cazeneuve',
  'Pujol',
  'Marty',
  'Castel',
  'Bonnet',
  'Nguyen',
  'Barthès',
  'Sabatier',
]
const GIVEN_NAMES = [
  'Camille',
  'Julien',
  'Inès',
  'Thomas',
  'Élodie',
  'Karim',
  'Marion',
  'Hugo',
  'Sophie',
  'Mehdi',
  'Lucie',
  'Antoine',
  'Aurélie',
]

/** The doctor of the story, who practises in Balma, at the eastern edge of Toulouse. */
export const doctor: DemoProfessional = {
  id: rppsOf(1),
  profession: '10',
  familyName: 'Fabre',
  givenName: 'Claire',
  practice: { latitude: 43.6098, longitude: 1.5031, territory: 'FR-31' },
}

/**
 * The doctor of the story and others throughout the communes, the same in every run for the same communes. Their RPPS
 * numbers have a right key and begin with 997, a range for tests.
 */
export function demoProfessionals(communes: readonly Commune[]): DemoProfessional[] {
  const stride = Math.max(1, Math.floor(communes.length / PROFESSIONALS))
  const others = communes
    .filter((_, index) => index % stride === 0)
    .slice(0, PROFESSIONALS - 1)
    .map(({ department, latitude, longitude }, index) => ({
      id: rppsOf(index + 2),
      profession: nth(PROFESSIONS, index),
      familyName: nth(FAMILY_NAMES, index),
      givenName: nth(GIVEN_NAMES, index),
      practice: { latitude, longitude, territory: `FR-${department}` },
    }))
  return [doctor, ...others]
}

function rppsOf(number: number): string {
  const body = `997${String(number).padStart(7, '0')}`
  for (let key = 0; key < 10; key++) {
    const rpps = professionalId(`${body}${key}`)
    if (rpps !== undefined) return rpps
  }
  throw new RangeError(`no RPPS number can be made of ${number}`)
}

function nth(list: readonly string[], index: number): string {
  return list[index % list.length] ?? ''
}
