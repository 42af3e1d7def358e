// Run by the installed Jest, on our sources, with only their types removed.
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
    // Installed before our packages are loaded.
    { ...common, displayName: "from the start", testEnvironment: "node", fakeTimers: { enableGlobally: true } },
    {
      ...common,
      displayName: "from the start, and the time as it is",
      testEnvironment: "node",
      fakeTimers: { enableGlobally: true, doNotFake: ["performance"] },
    },
  ],
};
