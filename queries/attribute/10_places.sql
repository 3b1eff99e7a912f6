-- purpose: the innermost loop holding each source place that any fact names
-- grain: place (file, line, column) x function whose loop holds it
-- columns: file, line, column, function, loop, depth
-- A place without a column lies in every loop whose lines hold it.
CREATE TEMP TABLE place_loops AS
WITH places AS (
    SELECT DISTINCT file, line, "column" FROM remarks WHERE line IS NOT NULL
    UNION SELECT DISTINCT frame.file, frame.line, frame."column"
          FROM (SELECT DISTINCT unnest(frames) AS frame FROM instructions)
          WHERE frame.line IS NOT NULL
    UNION SELECT DISTINCT file, line, NULL::INTEGER FROM cachegrind
    UNION SELECT DISTINCT file, line, NULL::INTEGER FROM execution
)
SELECT p.file, p.line, p."column", l.function,
       arg_max(l.key, l.depth) AS loop, max(l.depth) AS depth
FROM places p JOIN loops l ON p.file = l.file
 AND (p.line > l.line OR (p.line = l.line AND coalesce(p."column", 1000000) >= l."column"))
 AND (p.line < l.end_line OR (p.line = l.end_line AND coalesce(p."column", 0) <= l.end_column))
GROUP BY ALL;
