-- purpose: the innermost loop holding each source place that any fact names
-- grain: place (file, line, column) x function
-- columns: file, line, column, function, loop, depth
-- Where the compiler's front end gave an instruction just that place, it says which loop that is
-- (loop_places; NULL: outside loops). Else the loop whose extent holds the place: the start of a
-- loop, places that passes made up, and lines without a column.
CREATE TEMP TABLE exact_places AS
SELECT file, line, "column", function, arg_max(key, depth) AS loop, max(depth) AS depth
FROM loop_places GROUP BY ALL;

CREATE TEMP TABLE place_loops AS
WITH places AS (
    SELECT DISTINCT file, line, "column" FROM remarks WHERE line IS NOT NULL
    UNION SELECT DISTINCT frame.file, frame.line, frame."column"
          FROM (SELECT DISTINCT unnest(frames) AS frame FROM instructions)
          WHERE frame.line IS NOT NULL
    UNION SELECT DISTINCT file, line, NULL::INTEGER FROM cachegrind
    UNION SELECT DISTINCT file, line, NULL::INTEGER FROM execution
), by_extent AS (
    SELECT p.file, p.line, p."column", l.function,
           arg_max(l.key, l.depth) AS loop, max(l.depth) AS depth
    FROM places p JOIN loops l ON p.file = l.file
     AND (p.line > l.line OR (p.line = l.line AND coalesce(p."column", 1000000) >= l."column"))
     AND (p.line < l.end_line OR (p.line = l.end_line AND coalesce(p."column", 0) <= l.end_column))
    GROUP BY ALL
)
SELECT e.file, e.line, e."column", e.function, e.loop, e.depth
FROM exact_places e SEMI JOIN places p
  ON p.file = e.file AND p.line = e.line AND p."column" = e."column"
WHERE e.loop IS NOT NULL
UNION ALL
SELECT b.* FROM by_extent b ANTI JOIN exact_places e
  ON b.file = e.file AND b.line = e.line AND b."column" = e."column" AND b.function = e.function;
