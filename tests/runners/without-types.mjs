import { stripTypeScriptTypes } from "node:module";

// Removes types, as Node.js does where it runs TypeScript.
// oxlint-disable-next-line import/no-default-export -- Jest asks for one
export default { process: (source) => ({ code: stripTypeScriptTypes(source) }) };
