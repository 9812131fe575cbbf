/** Small checks that turn an unknown value into a typed one or say what is wrong with it. */

/**
 * @template T
 * @typedef {(value: unknown, path: string) => T} Check
 */

/** The server said something that is not in the protocol. */
export class DecodeError extends Error {
  /** @param {string} path @param {string} expected */
  constructor(path, expected) {
    super(`${path || "the frame"} must be ${expected}`);
    this.name = "DecodeError";
  }
}

/** @type {Check<string>} */
export const string = (value, path) => {
  if (typeof value !== "string") throw new DecodeError(path, "a string");
  return value;
};

/** @type {Check<boolean>} */
export const boolean = (value, path) => {
  if (typeof value !== "boolean") throw new DecodeError(path, "true or false");
  return value;
};

/** @type {Check<number>} */
export const number = (value, path) => {
  if (typeof value !== "number" || !Number.isFinite(value)) throw new DecodeError(path, "a number");
  return value;
};

/** @type {Check<number>} */
export const integer = (value, path) => {
  if (!Number.isSafeInteger(value)) throw new DecodeError(path, "an integer");
  return /** @type {number} */ (value);
};

/**
 * @template T
 * @param {Check<T>} check
 * @returns {Check<T | null>}
 */
export const nullable = (check) => (value, path) => (value === null ? null : check(value, path));

/**
 * @template T
 * @param {Check<T>} check
 * @returns {Check<T | undefined>}
 */
export const optional = (check) => (value, path) => (value === undefined ? undefined : check(value, path));

/** @type {Check<string | null>} */
export const ref = (value, path) => (value === undefined || value === null ? null : string(value, path));

/**
 * @template {string | number} T
 * @param {...T} allowed
 * @returns {Check<T>}
 */
export const oneOf = (...allowed) => (value, path) => {
  const found = allowed.find((each) => each === value);
  if (found === undefined) throw new DecodeError(path, allowed.map((each) => JSON.stringify(each)).join(" or "));
  return found;
};

/**
 * @template {string} T
 * @param {T} expected
 * @returns {Check<T>}
 */
export const literal = (expected) => (value, path) => {
  if (value !== expected) throw new DecodeError(path, JSON.stringify(expected));
  return expected;
};

/** @type {Check<Record<string, unknown>>} */
export const record = (value, path) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new DecodeError(path, "an object");
  return /** @type {Record<string, unknown>} */ (value);
};

/**
 * Fields that are not named are dropped, as the protocol asks.
 * @template {Record<string, Check<unknown>>} F
 * @param {F} fields
 * @returns {Check<{[K in keyof F]: ReturnType<F[K]>}>}
 */
export const object = (fields) => (value, path) => {
  const given = record(value, path);
  const entries = Object.entries(fields).map(([key, check]) => [key, check(given[key], path ? `${path}.${key}` : key)]);
  return Object.fromEntries(entries.filter(([, each]) => each !== undefined));
};

/**
 * @template T
 * @param {Check<T>} item
 * @returns {Check<T[]>}
 */
export const list = (item) => (value, path) => {
  if (!Array.isArray(value)) throw new DecodeError(path, "a list");
  return value.map((each, index) => item(each, `${path}[${index}]`));
};

/**
 * @template T
 * @param {Check<T>} item
 * @returns {Check<Record<string, T>>}
 */
export const mapping = (item) => (value, path) =>
  Object.fromEntries(Object.entries(record(value, path)).map(([key, each]) => [key, item(each, `${path}.${key}`)]));
