"""The SQL functions that statements may call, and what is relied on of each: a closed list.

Every database says the same of these where it says them at all; whatever is not listed here, the
planner, the facts and users' expressions do not write. So a database is supported when it keeps
what stands here, and a test holds each line against it.
"""

FUNCTIONS = {
    "abs": "an amount without its sign",
    "arg_max": "the value in the row that is highest by the second argument; rows null in either "
    "are passed over, structs compare field by field",
    "arg_min": "the value in the row that is lowest by the second argument, likewise",
    "bool_and": "whether all that are known are true; null of nothing",
    "bool_or": "whether any that is known is true; null of nothing",
    "coalesce": "the first argument that is known",
    "count": "how many rows, how many known values, or how many distinct known values",
    "date_trunc": "the beginning of the day a moment lies in",
    "epoch_us": "whole microseconds since 1970-01-01 UTC, before it below 0",
    "generate_series": "every step from the first to the last, both included; none backwards",
    "greatest": "the highest argument that is known",
    "isodow": "the day of the week, Monday 1 to Sunday 7",
    "lag": "the value of the row before in the window's order; null in the first",
    "least": "the lowest argument that is known",
    "list_contains": "whether a list holds a value; null of an unknown value",
    "lower": "a text in small letters, those of every alphabet",
    "max": "the highest known value; null of nothing",
    "min": "the lowest known value; null of nothing",
    "nullif": "the first argument, or null where it equals the second",
    "quantile_cont": "the value at a rank, between two values by straight line, of doubles; null "
    "of nothing",
    "round": "a number rounded to so many digits, halves away from 0",
    "row_number": "the place of a row in its window's order, from 1",
    "sum": "the sum of the known values, decimals exact; null of nothing",
    "timezone": "an instant's wall clock in a zone, or the instant at which a wall clock showed "
    "that; what a clock change skipped is what it would have been without, what it repeated is "
    "its second time",
    "to_minutes": "an interval of so many minutes of elapsed time",
    "unnest": "a row for each element of a list; none of an empty one",
    "upper": "a text in capital letters",
}
