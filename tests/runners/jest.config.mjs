// Run by the Jest that is installed, on our sources: it finds types taken away and nothing else changed.
const common = {
  rootDir: import.meta.dirname,
  testMatch: ["<rootDir>/with-jest.ts"],
  extensionsToTreatAsEsm: [".ts"],
  moduleFileExtensions: ["ts", "mjs", "js", "json"],
  transform: { "\\.ts$": "<rootDir>/without-types.mjs" },
};

// oxlint-disable-next-line import/no-default-export -- Jest asks for one
export default {
  projects: [
    { ...common, displayName: "node", testEnvironment: "node" },
    { ...common, displayName: "jsdom", testEnvironment: "jsdom" },
    // In place before anything of ours is loaded.
    { ...common, displayName: "from the start", testEnvironment: "node", fakeTimers: { enableGlobally: true } },
    {
      ...common,
      displayName: "from the start, and the time as it is",
      testEnvironment: "node",
      fakeTimers: { enableGlobally: true, doNotFake: ["performance"] },
    },
  ],
};
