/**
 * Owns the import of a module that is named at run time: the one place in the library that does so. Must not know what the
 * module is for.
 *
 * @module
 */

/** Imports a module by its absolute URL; what that names is the caller's to check. */
export function loadModule(specifier: string): Promise<Readonly<Record<string, unknown>>> {
  return import(specifier);
}
