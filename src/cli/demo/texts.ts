import { phrase, type Text } from '../../domain/language.ts'

// What the demo says before and after its story.

export const invented: Text = {
  en: 'The people and pharmacies of this demo are invented; the communes of Occitanie that they are in are real.',
  fr: 'Les personnes et les officines de cette démonstration sont inventées ; les communes d’Occitanie où elles se trouvent sont réelles.',
}

export const opening: Text = { en: 'Opening the database', fr: 'Ouverture de la base de données' }

export const counting: Text = {
  en: 'Counting the stock of most of them',
  fr: 'Comptage du stock de la plupart d’entre elles',
}

export const starting: Text = { en: 'Starting the service', fr: 'Démarrage du service' }

export const asTold: Text = { en: 'All went as told.', fr: 'Tout s’est passé comme annoncé.' }

/** While the embedded database is made. */
export function makingIn(folder: string): Text {
  return {
    en: phrase`Making an embedded database in ${folder}, which takes a while`,
    fr: phrase`Création d’une base embarquée dans ${folder}, ce qui prend un moment`,
  }
}

/** While pharmacies are put in. */
export function puttingPharmacies(pharmacies: number, communes: number): Text {
  return {
    en: phrase`Putting in ${pharmacies} pharmacies of ${communes} communes`,
    fr: phrase`Ajout de ${pharmacies} officines de ${communes} communes`,
  }
}

/** While professionals and their rule are put in. */
export function puttingProfessionals(professionals: number): Text {
  return {
    en: phrase`Putting in ${professionals} professionals and a rule: 18 masks a week for each, at most 6 of them FFP2`,
    fr: phrase`Ajout de ${professionals} professionnels et d’une dotation : 18 masques par semaine pour chacun, dont 6 FFP2 au plus`,
  }
}

/** Once the service listens. */
export function listensAt(url: string): Text {
  return {
    en: phrase`It listens at ${url}. Each request from here on goes there over HTTP, with its caller's token.`,
    fr: phrase`Il écoute sur ${url}. Chaque requête y va désormais par HTTP, avec le jeton de qui l’envoie.`,
  }
}

/** Once the service listens at another port than it should. */
export function listensElsewhere(url: string, taken: string): Text {
  return {
    en: phrase`It listens at ${url}, as port ${taken} is taken. Each request from here on goes there over HTTP, with its caller's token.`,
    fr: phrase`Il écoute sur ${url}, car le port ${taken} est pris. Chaque requête y va désormais par HTTP, avec le jeton de qui l’envoie.`,
  }
}
