// Four workers, 60 ms each: about 65 requests a second.
import { reply, runBackend } from "./backend.ts";
import { Workers } from "./workers.ts";

const workers = new Workers(4, 60);

runBackend({
  answer: (id, response) => workers.do(() => reply(response, 200, { id, pages: 12 })),
  load: () => workers.load(),
  pace: (factor) => workers.pace(factor),
});
