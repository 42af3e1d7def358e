/** Why a request is given up whose client has left. */
export class ClientGoneError extends Error {
  override readonly name = "ClientGoneError";

  constructor() {
    super("The client is gone.");
  }
}
