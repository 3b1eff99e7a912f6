-- purpose: the source loop of remarks, samples, cachegrind lines, execution lines, machine loops
-- grain: that of each table
-- columns: those of each table, and loop
-- A remark names the function it was emitted in, which after inlining is the caller: a loop of
-- that function is preferred, else the loop whose lines hold the place.
CREATE TEMP TABLE any_place AS
SELECT file, line, "column", min_by(loop, (-depth, loop)) AS loop FROM place_loops GROUP BY ALL;

CREATE TEMP TABLE remarks_out AS
SELECT r.*, coalesce(own.loop, other.loop) AS loop
FROM remarks r
LEFT JOIN place_loops own ON own.file = r.file AND own.line = r.line
 AND own."column" IS NOT DISTINCT FROM r."column" AND own.function = r.function
LEFT JOIN any_place other ON other.file = r.file AND other.line = r.line
 AND other."column" IS NOT DISTINCT FROM r."column";

CREATE TEMP TABLE samples_out AS
SELECT s.*, i.loop, i.machine_loop, i.function, i.file, i.line
FROM samples s LEFT JOIN instructions_out i ON s.own AND s.address = i.address;

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
    SELECT machine_loop, arg_max(loop, (samples, n)) AS loop, sum(samples)::BIGINT AS samples
    FROM weights GROUP BY machine_loop) w USING (machine_loop);
