// What charts.js asks for: vega-embed, which carries Vega, Vega-Lite and the interpreter that does without eval.
export { default as embed } from "vega-embed";
