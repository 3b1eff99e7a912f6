-- purpose: execution counts that the samples contradict are unknown, never 0
-- grain: that of each table
-- columns: those of trips, execution and execution_regions; doubts, where there are such
-- A process that ends by _exit, a signal or exec writes no counts, and children that a program forks often
-- do: functions that have a hundredth of the samples, and no count at all, ran in one.
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

CREATE TEMP TABLE uncounted_lines AS
SELECT r.file, min(r.line) AS first, max(r.end_line) AS last
FROM execution_regions r JOIN uncounted u USING (function) WHERE r.kind = 'code' GROUP BY r.function, r.file;

CREATE TEMP TABLE trips_out AS
SELECT t.* REPLACE (CASE WHEN u.function IS NULL THEN entries END AS entries,
                    CASE WHEN u.function IS NULL THEN iterations END AS iterations,
                    CASE WHEN u.function IS NULL THEN mean_trip_count END AS mean_trip_count,
                    coalesce(u.reason, t.reason) AS reason)
FROM trips t LEFT JOIN uncounted u USING (function);

CREATE TEMP TABLE execution_regions_out AS
SELECT r.* REPLACE (CASE WHEN u.function IS NULL THEN count END AS count,
                    CASE WHEN u.function IS NULL THEN false_count END AS false_count,
                    CASE WHEN u.function IS NULL THEN function_count END AS function_count)
FROM execution_regions r LEFT JOIN uncounted u USING (function);

UPDATE execution_out SET count = NULL
WHERE EXISTS (FROM uncounted_lines u WHERE u.file = execution_out.file
              AND execution_out.line BETWEEN u.first AND u.last);

INSERT INTO doubts
SELECT 'execution', string_agg(function, ', ' ORDER BY samples DESC),
       'sampled, but not counted: the processes that ran it ended without writing their counts (_exit, a signal,'
       || ' exec); counts of other functions may be too low'
FROM uncounted HAVING count(*) > 0;
