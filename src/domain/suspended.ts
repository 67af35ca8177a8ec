import type { Text } from './language.ts'

/** What somebody is told about a pharmacy, a professional or a caller that is suspended. */
export const pharmacySuspended: Text = {
  en: 'This pharmacy is suspended. Ask the operator of the service.',
  fr: 'Cette officine est suspendue. Adressez-vous à l’exploitant du service.',
}

export const professionalSuspended: Text = {
  en: 'The professional is suspended. Ask the operator of the service.',
  fr: 'Ce professionnel est suspendu. Adressez-vous à l’exploitant du service.',
}

export const accountSuspended: Text = {
  en: 'Your account is suspended. Ask the operator of the service.',
  fr: 'Votre compte est suspendu. Adressez-vous à l’exploitant du service.',
}
