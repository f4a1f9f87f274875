// What the dashboard editor asks for.
export { GridStack } from "gridstack";
