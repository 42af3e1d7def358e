/** Whoever can reserve as many is taken to have no limit. */
export const mostMeasured = 6;
