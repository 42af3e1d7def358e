/** `Symbol.dispose`; where the platform has none, the symbol that esbuild's and Babel's code for `using` takes in its place. */
export const dispose: typeof Symbol.dispose =
  (Symbol as { readonly dispose?: typeof Symbol.dispose }).dispose ??
  (Symbol.for("Symbol.dispose") as typeof Symbol.dispose);
