/** What a child process has of the one that started it. */
export interface Parent<Says> {
  tell(message: Says): void;
}

/**
 * Makes this process a child that is never left behind: it ends when its parent does, however that ended, and leaves
 * signals to the parent, for a terminal sends Ctrl-C to everybody at once and only the parent knows the order.
 */
export function attach<Told, Says>(told: (message: Told) => void): Parent<Says> {
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => {});
  process.on("disconnect", () => process.exit(0));
  process.on("message", (message) => told(message as Told));
  return {
    tell(message) {
      // The parent may have gone just now; then this process goes, too.
      if (process.connected) process.send?.(message, () => {});
    },
  };
}
