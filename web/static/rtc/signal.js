/** How the legs reach the server. */

/** @import { PublishOffer } from "./publish_leg.js" */

/**
 * @typedef {object} Signal
 * @property {(offer: PublishOffer) => Promise<string>} publish gives the server's answer
 * @property {(offer: number, sdp: string) => Promise<void>} answer
 * @property {(fresh: boolean) => Promise<void>} restart asks for an offer, with new credentials or for a new connection
 */

export {};
