// Two workers, 25 ms each: about 78 requests a second.
import { reply, runBackend } from "./backend.ts";
import { Workers } from "./workers.ts";

const workers = new Workers(2, 25);

runBackend({
  answer: (id, response) => workers.do(() => reply(response, 200, { id, price: 100 + (Number(id) % 17) })),
  load: () => workers.load(),
  pace: (factor) => workers.pace(factor),
});
