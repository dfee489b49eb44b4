/**
 * Schema: strict run-time checks of decoded messages, small enough for the browser bundle. Unknown
 * fields, missing fields, wrong types and values out of range are ProtocolErrors that name the
 * path and the value; every text, list and byte field has a bound.
 */

import { ProtocolError } from "./errors.ts";

/** Checks one value; returns it typed or throws ProtocolError naming `path`. */
export type Schema<T> = (value: unknown, path: string) => T;

/** The type that a schema yields. */
export type Infer<S> = S extends Schema<infer T> ? T : never;

/** A field that may be absent. */
export interface OptionalField<T> {
  readonly optional: Schema<T>;
}

type Fields = Readonly<Record<string, Schema<unknown> | OptionalField<unknown>>>;
type RequiredKeys<F> = { [K in keyof F]: F[K] extends Schema<unknown> ? K : never }[keyof F];
type OptionalKeys<F> = { [K in keyof F]: F[K] extends Schema<unknown> ? never : K }[keyof F];

/** The object type that a table of fields describes. */
export type ObjectOf<F> =
  & { [K in RequiredKeys<F>]: Infer<F[K]> }
  & { [K in OptionalKeys<F>]?: F[K] extends OptionalField<infer T> ? T : never };

const LONGEST_SHOWN_VALUE = 64;

/** A whole number from `min` to `max`, both included. */
export function integer(min: number, max: number): Schema<number> {
  return (value, path) => {
    if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
      fail(path, value, `a whole number from ${min} to ${max}`);
    }
    return value;
  };
}

/** A finite number from `min` to `max`, both included. */
export function number(min: number, max: number): Schema<number> {
  return (value, path) => {
    if (typeof value !== "number" || !Number.isFinite(value) || value < min || value > max) {
      fail(path, value, `a number from ${min} to ${max}`);
    }
    return value;
  };
}

/** Text of at most `maxLength` UTF-16 units. */
export function text(maxLength: number): Schema<string> {
  return (value, path) => {
    if (typeof value !== "string" || value.length > maxLength) {
      fail(path, value, `text of at most ${maxLength} characters`);
    }
    return value;
  };
}

/** Bytes, at most `maxLength`. */
export function binary(maxLength: number): Schema<Uint8Array> {
  return (value, path) => {
    if (!(value instanceof Uint8Array) || value.byteLength > maxLength) {
      fail(path, value, `at most ${maxLength} bytes`);
    }
    return value;
  };
}

/** True or false. */
export const boolean: Schema<boolean> = (value, path) => {
  if (typeof value !== "boolean") fail(path, value, "true or false");
  return value;
};

/** One of the given texts. */
export function oneOf<const T extends readonly string[]>(choices: T): Schema<T[number]> {
  return (value, path) => {
    if (typeof value !== "string" || !choices.includes(value)) {
      fail(path, value, `one of ${choices.join(", ")}`);
    }
    return value;
  };
}

/** A list of at most `maxLength` entries. */
export function list<T>(entry: Schema<T>, maxLength: number): Schema<T[]> {
  return (value, path) => {
    if (!Array.isArray(value) || value.length > maxLength) {
      fail(path, value, `a list of at most ${maxLength} entries`);
    }
    return value.map((item, index) => entry(item, `${path}[${index}]`));
  };
}

/** Marks a field of `object` as one that may be absent. */
export function optional<T>(schema: Schema<T>): OptionalField<T> {
  return { optional: schema };
}

/** An object with exactly these fields. */
export function object<const F extends Fields>(fields: F): Schema<ObjectOf<F>> {
  const names = Object.keys(fields);
  return (value, path) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      fail(path, value, "an object");
    }
    const source = value as Record<string, unknown>;
    for (const name of Object.keys(source)) {
      if (!Object.hasOwn(fields, name)) fail(`${path}.${name}`, source[name], "no such field");
    }
    const result: Record<string, unknown> = {};
    for (const name of names) {
      const field = fields[name];
      if (field === undefined) continue;
      const present = Object.hasOwn(source, name) && source[name] !== undefined;
      if (typeof field === "function") result[name] = field(source[name], `${path}.${name}`);
      else if (present) result[name] = field.optional(source[name], `${path}.${name}`);
    }
    return result as ObjectOf<F>;
  };
}

/** The schema of several messages, with the types that it knows. */
export type VariantsSchema<T> = Schema<T> & { readonly types: readonly string[] };

/** Messages told apart by their `type` field; a type without a schema is refused. */
export function variants<const V extends Readonly<Record<string, Fields>>>(
  table: V,
): VariantsSchema<{ [K in keyof V & string]: { type: K } & ObjectOf<V[K]> }[keyof V & string]> {
  type Union = { [K in keyof V & string]: { type: K } & ObjectOf<V[K]> }[keyof V & string];
  const schemas = new Map(
    Object.entries(table).map((
      [type, fields],
    ) => [type, object({ type: oneOf([type]), ...fields })]),
  );
  const check: Schema<Union> = (value, path) => {
    const type = (value as { type?: unknown } | null | undefined)?.type;
    const schema = typeof type === "string" ? schemas.get(type) : undefined;
    if (schema === undefined) fail(`${path}.type`, type, "a known message type");
    return schema(value, path) as unknown as Union;
  };
  return Object.assign(check, { types: [...schemas.keys()] });
}

function fail(path: string, value: unknown, expected: string): never {
  throw new ProtocolError(`Cannot use ${path} = ${show(value)}: expected ${expected}`, {
    reason: "bad_value",
  });
}

function show(value: unknown): string {
  if (value instanceof Uint8Array) return `<${value.byteLength} bytes>`;
  if (Array.isArray(value)) return `<list of ${value.length}>`;
  if (typeof value === "object" && value !== null) return "<object>";
  const shown = typeof value === "string" ? JSON.stringify(value) : String(value);
  return shown.length > LONGEST_SHOWN_VALUE ? `${shown.slice(0, LONGEST_SHOWN_VALUE)}...` : shown;
}
