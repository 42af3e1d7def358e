import { stripTypeScriptTypes } from "node:module";

// What Node.js does itself where it runs TypeScript.
// oxlint-disable-next-line import/no-default-export -- Jest asks for one
export default { process: (source) => ({ code: stripTypeScriptTypes(source) }) };
