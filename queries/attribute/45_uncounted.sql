-- purpose: execution counts that the samples contradict are unknown, never 0
-- grain: that of each table
-- columns: those of trips, execution and execution_regions; doubts, where there are such
-- A process that ends by _exit, a signal or exec writes no counts, and children that a program forks often
-- do: functions that have a hundredth of the samples, and no count at all, ran in one. So did loops that
-- have a twentieth and were never entered by the counts, in a function that others ran, too.
CREATE TEMP TABLE uncounted AS
WITH sampled AS (
    SELECT split_part(function, '@', 1) AS function, sum(count) AS samples, sum(sum(count)) OVER () AS total
    FROM samples_out WHERE own AND function IS NOT NULL GROUP BY ALL
), counted AS (
    SELECT function, max(greatest(count, function_count)) AS most FROM execution_regions GROUP BY ALL
)
SELECT function, samples, 'it was sampled, but not counted: the process that ran it ended without writing its counts'
       || ' (_exit, a signal, exec)' AS reason
FROM sampled JOIN counted USING (function)
WHERE most = 0 AND samples >= 5 AND samples >= 0.01 * total;

CREATE TEMP TABLE uncounted_loops AS
WITH sampled AS (
    SELECT loop, sum(count) AS samples, sum(sum(count)) OVER () AS total FROM samples_out WHERE own GROUP BY ALL
), never AS (
    SELECT l.key AS loop, l.function, l.file, l.line, l.end_line FROM trips t JOIN loops l ON l.key = t.loop_key WHERE t.iterations = 0 AND t.entries = 0
), found AS (
    SELECT n.* FROM never n JOIN sampled s USING (loop) WHERE s.samples >= 10 AND s.samples >= 0.05 * s.total
)
-- a loop is entered by way of those around it
SELECT DISTINCT n.* FROM never n JOIN found f ON f.function = n.function AND f.file = n.file AND f.line >= n.line AND f.end_line <= n.end_line;

CREATE TEMP TABLE uncounted_lines AS
SELECT r.file, min(r.line) AS first, max(r.end_line) AS last
FROM execution_regions r JOIN uncounted u USING (function) WHERE r.kind = 'code' GROUP BY r.function, r.file
UNION ALL
SELECT file, line, end_line FROM uncounted_loops;

CREATE TEMP TABLE trips_out AS
SELECT t.* REPLACE (CASE WHEN why IS NULL THEN entries END AS entries,
                    CASE WHEN why IS NULL THEN iterations END AS iterations,
                    CASE WHEN why IS NULL THEN mean_trip_count END AS mean_trip_count,
                    coalesce(why, t.reason) AS reason)
FROM trips t LEFT JOIN (
    SELECT p.loop_key, coalesce(u.reason, CASE WHEN n.loop IS NOT NULL THEN 'it was sampled, but not counted: the process that ran it ended without writing its counts (_exit, a signal, exec)' END) AS why
    FROM trips p LEFT JOIN uncounted u USING (function) LEFT JOIN uncounted_loops n ON n.loop = p.loop_key
) USING (loop_key);

CREATE TEMP TABLE execution_regions_out AS
SELECT r.* EXCLUDE (inside) REPLACE (CASE WHEN known THEN count END AS count,
                    CASE WHEN known THEN false_count END AS false_count,
                    CASE WHEN u.function IS NULL THEN function_count END AS function_count)
FROM (SELECT e.*, e.count > 0 OR NOT EXISTS (FROM uncounted_loops n WHERE n.function = e.function AND n.file = e.file AND e.line >= n.line AND e.end_line <= n.end_line) AS inside FROM execution_regions e) r
LEFT JOIN uncounted u USING (function) CROSS JOIN LATERAL (SELECT u.function IS NULL AND r.inside AS known) k;

UPDATE execution_out SET count = NULL
WHERE EXISTS (FROM uncounted_lines u WHERE u.file = execution_out.file
              AND execution_out.line BETWEEN u.first AND u.last)
  -- in a loop others may have counted what is around it on the same line
  AND (count = 0 OR EXISTS (FROM execution_regions r JOIN uncounted u USING (function) WHERE r.file = execution_out.file AND execution_out.line BETWEEN r.line AND r.end_line));

INSERT INTO doubts
SELECT 'execution', string_agg(what, ', ' ORDER BY what),
       'sampled, but not counted: the processes that ran it ended without writing their counts (_exit, a signal,'
       || ' exec); counts of other functions may be too low'
FROM (SELECT function AS what FROM uncounted UNION ALL SELECT loop FROM uncounted_loops WHERE function NOT IN (SELECT function FROM uncounted)) HAVING count(*) > 0;
