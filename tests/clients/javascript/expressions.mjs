// Evaluates expressions with the published package: reads a list of {expression, event}, prints what became of each.
import { readFileSync } from "node:fs";
import { evaluateExpression, parseExpression } from "lago-expression";

const attempt = (expression, { code, timestamp, properties }) => {
  let parsed;
  try {
    parsed = parseExpression(expression);
  } catch {
    return { invalid: true };
  }
  try {
    return { value: evaluateExpression(parsed, code, BigInt(timestamp), properties) };
  } catch (error) {
    return { failed: String(error) };
  }
};

const cases = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(cases.map(({ expression, event }) => attempt(expression, event))));
