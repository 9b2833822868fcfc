/** Releases of mediasoup-client from before it was written in TypeScript; the tests use no more of them. */
declare module "mediasoup-client-2019" {
  export const version: string;
  export const Device: new () => object;
}

declare module "mediasoup-client-2019-data" {
  export const version: string;
  export const Device: new () => object;
}
