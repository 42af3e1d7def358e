// What a consumer writes. The packed-install test compiles it against the packed tarballs, with TypeScript 5.4 and
// the newest, as an ES module and as CommonJS, and runs the results on the system's Node and on Node 24.
import * as core from "@sluice/core";

if (Object.keys(core).length === 0) throw new Error("core exports nothing");
