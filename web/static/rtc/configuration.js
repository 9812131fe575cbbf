/** How connections are made: everything on one way, and with which servers' help it is found. */

/** @import { IceServer } from "../protocol/types.js" */

/**
 * @param {IceServer[]} iceServers
 * @returns {RTCConfiguration}
 */
export const configuration = (iceServers) => ({ bundlePolicy: "max-bundle", iceServers });
