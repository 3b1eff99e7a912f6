-- purpose: share of a run's samples by loop, or by function for code outside any loop
-- grain: loop; outside loops a function, a library's symbol, or the kernel as a whole
-- columns: run_id, loop, function, object, file, line, samples, share
WITH totals AS (
    SELECT run_id, sum(count) AS total FROM samples GROUP BY run_id
), placed AS (
    SELECT run_id, loop, count,
           CASE WHEN loop IS NULL THEN 
                CASE WHEN object = '[kernel]' THEN 'all system calls and faults'
                     ELSE coalesce(function, symbol, '[unknown]') END END AS function,
           CASE WHEN loop IS NULL THEN object END AS object,
           CASE WHEN loop IS NULL THEN file END AS file,
           CASE WHEN loop IS NULL THEN line END AS line
    FROM samples
)
SELECT p.run_id, p.loop, p.function, p.object, any_value(p.file) AS file, min(p.line) AS line,
       sum(p.count)::BIGINT AS samples, sum(p.count) / any_value(t.total) AS share
FROM placed p JOIN totals t USING (run_id)
GROUP BY p.run_id, p.loop, p.function, p.object
