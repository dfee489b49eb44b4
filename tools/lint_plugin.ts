/**
 * Lint plugin: the rules of this repository that need a syntax tree: import table, function length,
 * no default export, no enum, `#private` fields, one vocabulary, no `Deno` in browser-safe folders.
 * It runs inside `deno lint`, so an editor shows the same findings; tidy checks the rest.
 */

import { forbiddenImport, rowOf } from "./import_table.ts";
import { unwantedWord } from "./vocabulary.ts";

/** A function that is longer than a screen hides its shape. */
export const MAX_FUNCTION_LINES = 70;

const VAGUE_CLASS = /(Manager|Helper|Util|Utils)$/;

const ROOT_NAME = decodeURIComponent(new URL("..", import.meta.url).pathname);

/** Deno's plugin interface wants a default export: the only one in the repository. */
const plugin: Deno.lint.Plugin = {
  name: "wavry",
  rules: {
    "import-table": { create: importTable },
    "function-length": { create: functionLength },
    "no-default-export": { create: noDefaultExport },
    "no-enum": { create: noEnum },
    "no-private-keyword": { create: noPrivateKeyword },
    "vocabulary": { create: vocabulary },
    "browser-safe": { create: browserSafe },
  },
};
export default plugin;

function pathOf(context: Deno.lint.RuleContext): string {
  const name = context.filename.replaceAll("\\", "/");
  return name.startsWith(ROOT_NAME) ? name.slice(ROOT_NAME.length) : name;
}

function importTable(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  const path = pathOf(context);
  const check = (source: Deno.lint.Node | null) => {
    if (source?.type !== "Literal" || typeof source.value !== "string") return;
    const message = forbiddenImport(path, source.value);
    if (message !== undefined) context.report({ node: source, message });
  };
  return {
    ImportDeclaration: (node) => check(node.source),
    ExportNamedDeclaration: (node) => check(node.source),
    ExportAllDeclaration: (node) => check(node.source),
    ImportExpression: (node) => check(node.source),
  };
}

function functionLength(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  const text = context.sourceCode.text;
  const check = (
    node:
      | Deno.lint.FunctionDeclaration
      | Deno.lint.FunctionExpression
      | Deno.lint.ArrowFunctionExpression,
  ) => {
    const lines = text.slice(node.range[0], node.range[1]).split("\n").length;
    if (lines <= MAX_FUNCTION_LINES) return;
    // Only the first line: a report of the whole function would print it.
    const firstLineEnd = text.indexOf("\n", node.range[0]);
    context.report({
      range: [node.range[0], firstLineEnd],
      message: `Function has ${lines} lines, more than ${MAX_FUNCTION_LINES}`,
    });
  };
  return {
    FunctionDeclaration: check,
    FunctionExpression: check,
    ArrowFunctionExpression: check,
  };
}

function noDefaultExport(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  if (pathOf(context) === "tools/lint_plugin.ts") return {};
  return {
    ExportDefaultDeclaration: (node) => context.report({ node, message: "Default export" }),
  };
}

function noEnum(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  return {
    TSEnumDeclaration: (node) =>
      context.report({ node, message: "Enum: use a union of string literals" }),
  };
}

function noPrivateKeyword(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  const check = (node: Deno.lint.PropertyDefinition | Deno.lint.MethodDefinition) => {
    if (node.accessibility !== "private" && node.accessibility !== "protected") return;
    // A private constructor has no # form.
    if (node.type === "MethodDefinition" && node.kind === "constructor") return;
    context.report({ node: node.key, message: `Keyword ${node.accessibility}: use a #field` });
  };
  return { PropertyDefinition: check, MethodDefinition: check };
}

function vocabulary(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  const path = pathOf(context);
  if (!/^(src|web|ffi|mod\.ts)/.test(path)) return {};
  const declared = (node: Deno.lint.Node | null | undefined) => {
    if (node?.type !== "Identifier" && node?.type !== "PrivateIdentifier") return;
    const found = unwantedWord(node.name, path);
    if (found === undefined) return;
    context.report({
      node,
      message: `"${found.word}" in a name: the word here is "${found.instead}"`,
    });
  };
  return {
    VariableDeclarator: (node) => declared(node.id),
    FunctionDeclaration: (node) => declared(node.id),
    ClassDeclaration: (node) => {
      declared(node.id);
      if (node.id === null || !VAGUE_CLASS.test(node.id.name)) return;
      context.report({ node: node.id, message: `Class name "${node.id.name}" says nothing` });
    },
    TSInterfaceDeclaration: (node) => declared(node.id),
    TSTypeAliasDeclaration: (node) => declared(node.id),
    PropertyDefinition: (node) => declared(node.key),
    MethodDefinition: (node) => declared(node.key),
    TSPropertySignature: (node) => declared(node.key),
  };
}

function browserSafe(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  if (rowOf(pathOf(context))?.browserSafe !== true) return {};
  return {
    Identifier: (node) => {
      if (node.name !== "Deno") return;
      context.report({ node, message: "Deno in a browser-safe folder" });
    },
  };
}
