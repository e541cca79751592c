import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  {
    languageOptions: {
      // What workerd has besides service workers.
      globals: { ...globals.serviceworker, FixedLengthStream: "readonly", IdentityTransformStream: "readonly", WebSocketPair: "readonly" },
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: { eqeqeq: "error", "no-var": "error", "prefer-const": "error", "no-unused-vars": ["error", { ignoreRestSiblings: true }] },
  },
  // Programs of the tests, which run in Node.
  { files: ["**/oidc-provider/*.mjs", "**/differential/*.mjs"], languageOptions: { globals: globals.node } },
];
