-- purpose: the source loop of remarks, samples, cachegrind lines, execution lines, machine loops
-- grain: that of each table
-- columns: those of each table, and loop; of remarks only row (which one it is) and what was read
-- A remark names the function it was emitted in, which after inlining is the caller: a loop of
-- that function is preferred, else that of the only function with this place, else of the only
-- one that was inlined there. Instantiations of a template share places: if several were inlined,
-- the machine code of the caller tells, if all that it has from that place lies in one loop: so do
-- bodies of lambdas and methods, which are no loops by themselves. Reasons why a loop is not
-- vectorised come right before the remark on the loop as a whole, which tells the rest.
-- `joined_by` says which of these it was; NULL with a NULL loop.
CREATE TEMP TABLE any_place AS
SELECT file, line, "column", min_by(loop, (-depth, loop)) AS loop,
       count(DISTINCT function) AS functions
FROM place_loops GROUP BY ALL;

CREATE TEMP TABLE inlined AS
SELECT DISTINCT i.symbol, frame.function AS function
FROM (SELECT DISTINCT symbol, unnest(frames) AS frame FROM instructions) i;

CREATE TEMP TABLE inlined_place AS
SELECT n.symbol, p.file, p.line, p."column", min(p.loop) AS loop
FROM place_loops p JOIN any_place a USING (file, line)
JOIN inlined n ON n.function = p.function
WHERE a.functions > 1 AND a."column" IS NOT DISTINCT FROM p."column"
GROUP BY n.symbol, p.file, p.line, p."column"
HAVING count(DISTINCT p.function) = 1;

CREATE TEMP TABLE coded AS
SELECT symbol, file, line, "column", min(loop) AS loop
FROM (SELECT DISTINCT symbol, file, line, "column", loop FROM instructions_out WHERE line IS NOT NULL)
GROUP BY ALL HAVING count(DISTINCT loop) = 1 AND count(loop) = count(*);

CREATE TEMP TABLE placed_remarks AS
SELECT r.*, coalesce(own.loop, CASE WHEN other.functions = 1 THEN other.loop END, n.loop, c.loop) AS at_place,
       CASE WHEN own.loop IS NOT NULL THEN 'place' WHEN other.functions = 1 THEN 'inlined function'
            WHEN n.loop IS NOT NULL THEN 'inlined function' WHEN c.loop IS NOT NULL THEN 'machine code' END AS way
FROM remarks r
LEFT JOIN place_loops own ON own.file = r.file AND own.line = r.line
 AND own."column" IS NOT DISTINCT FROM r."column" AND own.function = r.function
LEFT JOIN any_place other ON other.file = r.file AND other.line = r.line
 AND other."column" IS NOT DISTINCT FROM r."column"
LEFT JOIN inlined_place n ON n.symbol = r.function AND n.file = r.file AND n.line = r.line
 AND n."column" IS NOT DISTINCT FROM r."column"
LEFT JOIN coded c ON c.symbol = r.function AND c.file = r.file AND c.line = r.line
 AND c."column" IS NOT DISTINCT FROM r."column";

CREATE TEMP TABLE vectorizer_verdicts AS
SELECT unit, function, document, at_place AS loop FROM placed_remarks
WHERE pass = 'loop-vectorize' AND tag IN ('Missed', 'Passed') AND at_place IS NOT NULL;

CREATE TEMP TABLE reasons_of_next AS
SELECT r.unit, r.document, v.loop
FROM (FROM placed_remarks
      WHERE at_place IS NULL AND pass = 'loop-vectorize' AND tag LIKE 'Analysis%') r
ASOF JOIN vectorizer_verdicts v
  ON v.unit = r.unit AND v.function = r.function AND r.document < v.document;

CREATE TEMP TABLE remarks_out AS
SELECT r.* EXCLUDE (at_place, way), coalesce(r.at_place, near.loop) AS loop,
       coalesce(r.way, CASE WHEN near.loop IS NOT NULL THEN 'next remark' END) AS joined_by
FROM placed_remarks r
LEFT JOIN reasons_of_next near ON near.unit = r.unit AND near.document = r.document;

-- static functions of one name in several files are told apart by the file that defines them
CREATE TEMP TABLE samples_out AS
SELECT s.*, i.loop, i.machine_loop, coalesce(t.name, i.function) AS function, i.file, i.line
FROM samples s LEFT JOIN instructions_out i ON s.own AND s.address = i.address
LEFT JOIN twins t ON t.function = i.function AND t.file = i.file;

CREATE TEMP TABLE cachegrind_out AS
SELECT c.*, p.loop FROM cachegrind c
LEFT JOIN any_place p ON p.file = c.file AND p.line = c.line AND p."column" IS NULL;

CREATE TEMP TABLE execution_out AS
SELECT e.*, p.loop FROM execution e
LEFT JOIN any_place p ON p.file = e.file AND p.line = e.line AND p."column" IS NULL;

CREATE TEMP TABLE machine_loops_out AS
WITH weights AS (
    SELECT i.machine_loop, i.loop, sum(coalesce(s.count, 0)) AS samples, count(*) AS n
    FROM instructions_out i
    LEFT JOIN (SELECT address, sum(count) AS count FROM samples WHERE own GROUP BY address) s
      USING (address)
    WHERE i.machine_loop IS NOT NULL AND i.loop IS NOT NULL GROUP BY ALL
)
SELECT m.*, w.loop, w.samples
FROM machine_loops m LEFT JOIN (
    SELECT machine_loop, arg_max(loop, (samples, n, loop)) AS loop, sum(samples)::BIGINT AS samples
    FROM weights GROUP BY machine_loop) w USING (machine_loop);
